//! Which mutants does a file have?
//!
//! | change | stands for |
//! |---|---|
//! | a condition, or a part of one, is `true` or `false` | a check that is always or never made |
//! | `<` becomes `<=`, `a..=b` becomes `a..b` | a limit that is off by one |
//! | `+` becomes `-`, `any` becomes `all`, `min` becomes `max` | the wrong operation |
//! | an `if let` or a match arm never matches | a case that was forgotten |
//! | a statement is deleted | a check whose answer nobody waits for |
//! | a function returns at once | a check that says nothing |

use std::collections::BTreeSet;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Block, Expr, GenericArgument, Pat, PathArguments, RangeLimits, ReturnType, Stmt, Type, UnOp,
};

/// One change of a file.
pub struct Mutant {
    pub line: usize,
    /// The function, and what changes in it; with the file, its name in the list of accepted mutants.
    pub name: String,
    /// The bytes that change.
    pub range: Range<usize>,
    pub change: Change,
}

/// How the bytes change.
pub enum Change {
    /// The expression is another one.
    Expression(String),
    /// The statement is not there.
    Delete,
    /// At this place, the function returns.
    Return(String),
    /// At this place, after a pattern, the pattern does not match.
    Unmatched { keyword: &'static str },
}

/// Every mutant of a source file, in the order of the file.
pub fn mutants(source: &str) -> syn::Result<Vec<Mutant>> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder { source, functions: vec![], found: vec![], names: BTreeSet::new() };
    if !is_test(&file.attrs) {
        finder.visit_file(&file);
    }
    Ok(finder.found)
}

struct Finder<'a> {
    source: &'a str,
    functions: Vec<String>,
    found: Vec<Mutant>,
    names: BTreeSet<String>,
}

/// Methods whose closure is a condition.
const PREDICATES: [&str; 12] = [
    "all",
    "any",
    "filter",
    "find",
    "is_none_or",
    "is_ok_and",
    "is_some_and",
    "position",
    "retain",
    "rposition",
    "skip_while",
    "take_while",
];

/// Methods that answer yes or no.
const QUESTIONS: [&str; 9] = [
    "contains",
    "contains_key",
    "ends_with",
    "is_empty",
    "is_err",
    "is_none",
    "is_ok",
    "is_some",
    "starts_with",
];

/// Methods that are easily taken for one another.
const TWINS: [(&str, &str); 4] =
    [("all", "any"), ("is_none_or", "is_some_and"), ("max", "min"), ("saturating_add", "saturating_sub")];

impl Finder<'_> {
    fn text(&self, of: &impl Spanned) -> &str {
        &self.source[of.span().byte_range()]
    }

    fn add(&mut self, range: Range<usize>, change: Change, what: &str) {
        let words: Vec<&str> = what.split_whitespace().collect();
        let named = format!("{}: {}", self.functions.join("::"), words.join(" "));
        let name = (1..)
            .map(|n| if n == 1 { named.clone() } else { format!("{named} ({n})") })
            .find(|name| self.names.insert(name.clone()))
            .expect("one of them is free");
        let line = self.source[..range.start].lines().count().max(1);
        self.found.push(Mutant { line, name, range, change });
    }

    fn replace(&mut self, expression: &impl Spanned, by: &str) {
        let range = expression.span().byte_range();
        let is_there = |mutant: &Mutant| matches!(&mutant.change, Change::Expression(text) if text == by);
        if !self.found.iter().any(|mutant| mutant.range == range && is_there(mutant)) {
            let what = format!("`{}` becomes `{by}`", self.text(expression));
            self.add(range, Change::Expression(by.to_owned()), &what);
        }
    }

    /// A condition that always holds, never does, or lacks a part.
    fn condition(&mut self, condition: &Expr) {
        if matches!(condition, Expr::Lit(_)) {
            return;
        }
        if !has_let(condition) {
            self.replace(condition, "true");
            self.replace(condition, "false");
        }
        self.parts(condition);
    }

    /// Of a conjunction each part may be left out, and of a disjunction too.
    fn parts(&mut self, condition: &Expr) {
        match condition {
            Expr::Paren(inner) => self.parts(&inner.expr),
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => self.parts(&not.expr),
            Expr::Let(binding) => {
                let end = binding.span().byte_range().end;
                let what = format!("`{}` does not match", self.text(binding));
                self.add(end..end, Change::Unmatched { keyword: "&&" }, &what);
            }
            Expr::Binary(both) => {
                let neutral = match both.op {
                    BinOp::And(_) => "true",
                    BinOp::Or(_) => "false",
                    _ => return,
                };
                for part in [&both.left, &both.right] {
                    if !has_let(part) {
                        self.replace(part, neutral);
                    }
                    self.parts(part);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, name: &str, output: &ReturnType, block: &Block) {
        self.functions.push(name.to_owned());
        let values = match output {
            ReturnType::Default => vec![String::new()],
            ReturnType::Type(_, of) => values(of),
        };
        let start = block.brace_token.span.open().byte_range().end;
        for value in values.into_iter().filter(|_| !block.stmts.is_empty()) {
            let what = format!("returns `{value}` at once");
            self.add(start..start, Change::Return(value), &what);
        }
        visit::visit_block(self, block);
        self.functions.pop();
    }
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

/// The values of a type that say nothing: no finding, no error, the empty list.
fn values(of: &Type) -> Vec<String> {
    let Type::Path(path) = of else { return vec![] };
    let Some(last) = path.path.segments.last() else { return vec![] };
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(of) => Some(of),
                _ => None,
            })
        }
        _ => None,
    };
    let is_unit = |of: &Type| matches!(of, Type::Tuple(tuple) if tuple.elems.is_empty());
    match (last.ident.to_string().as_str(), inner) {
        ("bool", _) => vec!["true".into(), "false".into()],
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i64", _) => vec!["0".into(), "1".into()],
        ("Vec" | "BTreeMap" | "BTreeSet", _) => vec!["Default::default()".into()],
        ("Option", Some(_)) => vec!["None".into()],
        ("Result", Some(unit)) if is_unit(unit) => vec!["Ok(())".into()],
        ("Result", Some(inner)) => values(inner).into_iter().map(|value| format!("Ok({value})")).collect(),
        _ => vec![],
    }
}

/// Whether every value matches the pattern.
fn matches_all(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(name) => {
            name.subpat.is_none() && name.ident.to_string().starts_with(|c: char| c.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// Whether an attribute says that the item is part of a test.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    // Constants are computed by the compiler, and a macro's words are not expressions.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) && item.sig.constness.is_none() {
            self.function(&item.sig.ident.to_string(), &item.sig.output, &item.block);
        }
    }

    /// Words for people are compared by the transcripts, and mutants of them say nothing.
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if !of.is_some_and(|of| of.ident == "Debug" || of.ident == "Display") {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) && item.sig.constness.is_none() && item.sig.ident != "hint" {
            self.function(&item.sig.ident.to_string(), &item.sig.output, &item.block);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(Expr::Try(_) | Expr::MethodCall(_) | Expr::Call(_), Some(_)) = statement {
            let what = format!("`{}` is deleted", self.text(statement));
            self.add(statement.span().byte_range(), Change::Delete, &what);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, expression: &'ast syn::ExprIf) {
        self.condition(&expression.cond);
        visit::visit_expr_if(self, expression);
    }

    /// Always `true` would only wait for the time limit.
    fn visit_expr_while(&mut self, expression: &'ast syn::ExprWhile) {
        if !has_let(&expression.cond) {
            self.replace(&*expression.cond, "false");
        }
        visit::visit_expr_while(self, expression);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let whole = Expr::Unary(unary.clone());
        if matches!(unary.op, UnOp::Not(_)) && !self.is_part(&whole) {
            self.condition(&whole);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(guard);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let last = expression.arms.iter().position(|arm| arm.guard.is_none() && matches_all(&arm.pat));
        for arm in &expression.arms[..last.unwrap_or(0)] {
            if arm.guard.is_none() {
                let end = arm.pat.span().byte_range().end;
                let what = format!("`{}` does not match", self.text(&arm.pat));
                self.add(end..end, Change::Unmatched { keyword: "if" }, &what);
            }
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_expr_binary(&mut self, both: &'ast syn::ExprBinary) {
        let twin = match both.op {
            BinOp::Lt(_) => Some("<="),
            BinOp::Le(_) => Some("<"),
            BinOp::Gt(_) => Some(">="),
            BinOp::Ge(_) => Some(">"),
            BinOp::Add(_) => Some("-"),
            BinOp::Sub(_) | BinOp::Mul(_) => Some("+"),
            _ => None,
        };
        if let Some(twin) = twin {
            let text = format!("{} {twin} {}", self.text(&*both.left), self.text(&*both.right));
            self.replace(both, &text);
        }
        if matches!(both.op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::And(_) | BinOp::Or(_))
            || matches!(both.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
        {
            let both = Expr::Binary(both.clone());
            if !self.is_part(&both) {
                self.condition(&both);
            }
        }
        visit::visit_expr_binary(self, both);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        let whole = Expr::MethodCall(call.clone());
        if let Some(Expr::Closure(closure)) = call.args.first()
            && PREDICATES.contains(&name.as_str())
            && !matches!(*closure.body, Expr::Block(_))
        {
            self.condition(&closure.body);
        }
        if QUESTIONS.contains(&name.as_str()) && !self.is_part(&whole) {
            self.condition(&whole);
        }
        let twin = TWINS.iter().find_map(|(a, b)| match name.as_str() {
            it if it == *a => Some(*b),
            it if it == *b => Some(*a),
            _ => None,
        });
        let (start, end) = (call.method.span().byte_range(), whole.span().byte_range());
        if let Some(twin) = twin {
            let text =
                format!("{}{twin}{}", &self.source[end.start..start.start], &self.source[start.end..end.end]);
            self.replace(&whole, &text);
        }
        if let Expr::Paren(inner) = &*call.receiver
            && let Expr::Range(range) = &*inner.expr
            && name == "contains"
        {
            let limits = range.limits.span().byte_range();
            let twin = if matches!(range.limits, RangeLimits::Closed(_)) { ".." } else { "..=" };
            let text = format!(
                "{}{twin}{}",
                &self.source[end.start..limits.start],
                &self.source[limits.end..end.end]
            );
            self.replace(&whole, &text);
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Finder<'_> {
    /// Whether this condition was met already, alone or as a part of another.
    fn is_part(&self, condition: &Expr) -> bool {
        let range = condition.span().byte_range();
        self.found.iter().rev().any(|mutant| mutant.range == range && is_constant(&mutant.change))
    }
}

fn is_constant(change: &Change) -> bool {
    matches!(change, Change::Expression(text) if text == "true" || text == "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        mutants(source).unwrap().into_iter().map(|mutant| mutant.name).collect()
    }

    #[test]
    fn each_part_of_a_condition_is_left_out_once() {
        let found = names("fn f(a: bool, b: u8) -> String { if a && b < 3 { g() } else { h() } }");
        let expected = [
            "f: `a && b < 3` becomes `true`",
            "f: `a && b < 3` becomes `false`",
            "f: `a` becomes `true`",
            "f: `b < 3` becomes `true`",
            "f: `b < 3` becomes `b <= 3`",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn tests_and_constants_have_no_mutants() {
        let source = "const A: bool = 1 < 2; #[cfg(test)] mod tests { fn f() -> bool { 1 < 2 } } #[test] fn g() { h(); }";
        assert!(names(source).is_empty());
    }

    #[test]
    fn a_function_returns_what_says_nothing() {
        assert_eq!(names("fn f() -> Result<Option<u8>, E> { g() }"), ["f: returns `Ok(None)` at once"]);
        assert_eq!(names("fn f() { g(); }"), ["f: returns `` at once", "f: `g();` is deleted"]);
    }
}
