import Foundation

/// The files of the checkout that this test was compiled from.
enum Checkout {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// More files than the project should ever have.
    static let filesMax = 20_000

    /// Folders whose contents are not ours.
    private static let skipped: Set<String> = [".build", ".git", ".swiftpm", "Fixtures", "Resources", "Corpus"]

    /// All text files with one of these extensions (or names), sorted by path.
    private static let wanted: Set<String> = [
        "swift", "c", "h", "cpp", "modulemap", "md", "sh", "yml", "yaml", "Makefile", "Dockerfile", "run",
        "install-dependencies", "demo", "demo-steps", "smoke", "bench", "fuzz", "sample-images", "run-tests",
    ]

    static let files: [SourceFile] = {
        var files: [SourceFile] = []
        var folders = [""]
        while let folder = folders.popLast(), files.count < filesMax {
            let url = root.appending(path: folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
            for name in names.sorted() where !skipped.contains(name) && !name.hasPrefix(".build") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var isFolder: ObjCBool = false
                let file = root.appending(path: path)
                guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false), isDirectory: &isFolder)
                else { continue }
                if isFolder.boolValue {
                    folders.append(path)
                } else if wanted.contains(String(name.split(separator: ".").last ?? "")),
                    let data = try? Data(contentsOf: file)
                {
                    files.append(SourceFile(path: path, text: String(decoding: data, as: UTF8.self)))
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    static let swift = files.filter(\.isSwift)

    static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
    }

    static func folders(in path: String) -> [String] {
        let url = root.appending(path: path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            let child = url.appending(path: name).path(percentEncoded: false)
            return FileManager.default.fileExists(atPath: child, isDirectory: &isFolder) && isFolder.boolValue
        }.sorted()
    }
}
