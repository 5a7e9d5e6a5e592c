import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/**
 * Lists every archive of a folder with Java's ZipFile or ZipInputStream.
 *
 * <p>{@code java ReadAll.java file|stream ZIPS OUT}: archive ZIPS/NAME.zip is listed in
 * OUT/NAME.json; a failure is told in OUT/NAME.error.
 */
class ReadAll {
    public static void main(String[] args) throws Exception {
        Path zips = Path.of(args[1]), out = Path.of(args[2]);
        List<Path> archives;
        try (Stream<Path> all = Files.list(zips)) {
            archives = all.filter(path -> path.toString().endsWith(".zip")).sorted().toList();
        }
        for (Path archive : archives) {
            String name = archive.getFileName().toString().replaceAll("\\.zip$", "");
            try {
                List<String> found = args[0].equals("file") ? file(archive) : stream(archive);
                Files.writeString(out.resolve(name + ".json"), "[" + String.join(",", found) + "]");
            } catch (Exception error) {
                Files.writeString(out.resolve(name + ".error"), error.toString());
            }
        }
    }

    static List<String> file(Path archive) throws Exception {
        List<String> found = new ArrayList<>();
        try (ZipFile zip = new ZipFile(archive.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                try (InputStream stream = zip.getInputStream(entry)) {
                    found.add(record(entry, stream));
                }
            }
        }
        return found;
    }

    static List<String> stream(Path archive) throws Exception {
        List<String> found = new ArrayList<>();
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(archive))) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
                found.add(record(entry, zip));
            }
        }
        return found;
    }

    static String record(ZipEntry entry, InputStream stream) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-384").digest(stream.readAllBytes());
        return String.format("{\"path\":%s,\"kind\":\"%s\",\"mode\":null,\"sha384\":\"%s\"}",
            quoted(entry.getName()), entry.isDirectory() ? "folder" : "file",
            HexFormat.of().formatHex(digest));
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            out.append(c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : c);
        }
        return out.append('"').toString();
    }
}
