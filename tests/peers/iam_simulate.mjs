// What does iam-simulate say of each request? One word a request: Allowed, ExplicitlyDenied, ImplicitlyDenied.
//
//   node iam_simulate.mjs FOLDER-WITH-node_modules FILE
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [folder, file] = process.argv.slice(2)
const main = `${folder}/node_modules/@cloud-copilot/iam-simulate/dist/esm/index.js`
const { runSimulation } = await import(pathToFileURL(main))

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const named = (policies) => policies.map((policy, index) => ({ name: `policy${index}`, policy }))

const answers = []
for (const { identity, scp, boundary, principal, action, resource, context } of JSON.parse(readFileSync(file))) {
  const response = await runSimulation({
    request: {
      action,
      principal,
      resource: { resource, accountId: '123456789012' },
      contextVariables: { 'aws:PrincipalArn': principal, ...context },
    },
    identityPolicies: named(identity),
    serviceControlPolicies: scp ? [{ orgIdentifier: 'ou-ab12-34cd56ef', policies: named([everything, scp]) }] : [],
    permissionBoundaryPolicies: boundary ? named([boundary]) : undefined,
    resourceControlPolicies: [],
  }, {})
  if (response.resultType === 'error') throw new Error(JSON.stringify(response.errors))
  answers.push(response.overallResult)
}
console.log(JSON.stringify(answers))
