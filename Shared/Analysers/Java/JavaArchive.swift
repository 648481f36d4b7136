import LayerArchive
import Model

/// One archive, in the image or in another archive: takes of it what tells its packages.
final class JavaArchive: ZipSelector {
    /// Names of archives, as application servers take them.
    static let endings = [".jar", ".war", ".ear", ".par", ".sar", ".rar", ".nar", ".hpi", ".jpi", ".kar", ".lpkg"]
    /// Archives in archives; a war in an ear with jars makes three.
    static let depthMax = 8
    static let manifestBytesMax = 1 << 20
    static let propertiesBytesMax = 64 << 10
    /// What an archive in this one takes, and a note of one that is not read, beside names.
    private static let archiveBytes = 1024
    private static let noteBytes = 512

    private let fileName: String
    /// The archives between the file and this one, each with `!/` before it; empty for the file itself.
    private let inside: String
    private let image: String
    private let depth: Int
    private let budget: ZipBudget
    private lazy var zip = ZipReader(self, budget: budget)
    private var failure: AnalysisError?

    private var manifests: [Int64: [UInt8]] = [:]
    private var properties: [Int64: [UInt8]] = [:]
    private var nested: [Int64: JavaArchive] = [:]
    private var notRead: [Int64: Undetermined] = [:]
    private var classes = PackageOfClasses()

    init(fileName: String, inside: String, image: String, depth: Int, budget: ZipBudget) {
        self.fileName = fileName
        self.inside = inside
        self.image = image
        self.depth = depth
        self.budget = budget
    }

    /// - Returns: false when there is no use in more.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil else { return false }
        do throws(ZipError) { try zip.take(bytes) } catch { failure = AnalysisError(error.reason) }
        return failure == nil
    }

    /// No more bytes come.
    func close() { zip.close() }

    /// What it says; its own damage is a failure, that of archives in it is told among the findings.
    func end() -> Result<FileFindings, AnalysisError> {
        if let failure { return .failure(failure) }
        do throws(ZipError) { return .success(findings(of: try zip.finish())) } catch {
            return .failure(AnalysisError(error.reason))
        }
    }

    // MARK: Members

    private enum Member {
        case manifest, properties, archive
    }

    private static func kind(of name: String) -> Member? {
        if name == "META-INF/MANIFEST.MF" { return .manifest }
        if name.hasPrefix("META-INF/maven/"), name.hasSuffix("/pom.properties") { return .properties }
        return endings.contains { name.hasSuffix($0) } ? .archive : nil
    }

    func wants(_ name: String) -> Bool {
        classes.add(name)
        return Self.kind(of: name) != nil
    }

    func reading(_ name: String, at place: Int64) -> (any EntryReading)? {
        switch Self.kind(of: name) {
        case .manifest:
            return Collecting(bytesMax: Self.manifestBytesMax) { [unowned self] in
                keep($0, name, place, \.manifests)
            }
        case .properties:
            return Collecting(bytesMax: Self.propertiesBytesMax) { [unowned self] in
                keep($0, name, place, \.properties)
            }
        case .archive:
            guard depth < Self.depthMax else {
                unreadable(
                    name, at: place, reason: "archives lie deeper in each other than depthMax = \(Self.depthMax)")
                return nil
            }
            guard hold(Self.archiveBytes + inside.utf8.count + name.utf8.count) else { return nil }
            let file = String(name[(name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex)...])
            let archive = JavaArchive(
                fileName: file, inside: inside + "!/" + name, image: image, depth: depth + 1, budget: budget)
            nested[place] = archive
            return NestedReading(archive)
        case nil: return nil
        }
    }

    func unreadable(_ name: String, at place: Int64, reason: String) {
        guard hold(Self.noteBytes + inside.utf8.count) else { return }
        notRead[place] = Undetermined(what: "\(image)\(inside)!/\(name.prefix(200))", reason: reason)
    }

    private func keep(
        _ bytes: [UInt8]?, _ name: String, _ place: Int64,
        _ member: ReferenceWritableKeyPath<JavaArchive, [Int64: [UInt8]]>
    ) {
        guard let bytes else { return unreadable(name, at: place, reason: "it is larger than the limit for its kind") }
        guard hold(bytes.count) else { return }
        self[keyPath: member][place] = bytes
    }

    /// - Returns: false when too much is held; the file then counts as not read.
    private func hold(_ count: Int) -> Bool {
        guard failure == nil else { return false }
        do throws(ZipError) { try budget.hold(count) } catch { failure = AnalysisError(error.reason) }
        return failure == nil
    }

    // MARK: Findings

    private func findings(of listed: Set<Int64>) -> FileFindings {
        var findings = FileFindings()
        let manifest = manifests.filter { listed.contains($0.key) }.min { $0.key < $1.key }?.value
        let places = listed.sorted()
        let archives = places.compactMap { nested[$0] }
        let identity = JavaIdentity(
            fileName: fileName, manifest: JavaManifest(manifest ?? []),
            properties: places.compactMap { properties[$0] }.compactMap(JavaProperties.init),
            classes: archives.isEmpty ? classes.common : [])
        for package in identity.packages {
            findings.packages.append(
                FoundPackage(
                    name: package.name, version: package.version, type: .maven,
                    inside: inside.isEmpty ? nil : inside, isNameGuessed: package.isGuessed ? true : nil))
        }
        findings.undetermined = places.compactMap { notRead[$0] }
        for archive in archives {
            switch archive.end() {
            case .success(let found):
                findings.packages += found.packages
                findings.undetermined += found.undetermined
            case .failure(let error):
                findings.undetermined.append(Undetermined(what: image + archive.inside, reason: error.reason))
            }
        }
        return findings
    }
}

/// A member that is held whole.
private final class Collecting: EntryReading {
    private let bytesMax: Int
    private let end: ([UInt8]?) -> Void
    private var bytes: [UInt8] = []
    private var isTooLarge = false

    /// - Parameter end: gets the bytes, or nil if there are too many.
    init(bytesMax: Int, end: @escaping ([UInt8]?) -> Void) {
        self.bytesMax = bytesMax
        self.end = end
    }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        isTooLarge = bytes.count + piece.count > bytesMax
        if !isTooLarge { bytes += piece }
        return !isTooLarge
    }

    func finish() { end(isTooLarge ? nil : bytes) }
}

private final class NestedReading: EntryReading {
    private let archive: JavaArchive
    init(_ archive: JavaArchive) { self.archive = archive }
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool { archive.take(bytes) }
    func finish() { archive.close() }
}

/// The Java package that all classes of an archive lie in: of a library its own.
private struct PackageOfClasses {
    /// Nil until a class was seen.
    private(set) var packages: [Substring]?
    var common: [String] { (packages ?? []).map(String.init) }

    /// Classes of applications (`WEB-INF/classes`), of other Java versions and of no package do not count.
    mutating func add(_ member: String) {
        guard member.hasSuffix(".class"), member.contains("/"), packages?.isEmpty != true else { return }
        let folders = member.split(separator: "/").dropLast()
        guard let first = folders.first, first.first?.isLowercase == true else { return }
        guard let known = packages else { return packages = Array(folders.prefix(4)) }
        let same = zip(known, folders).prefix { $0 == $1 }.count
        if same < known.count { packages = Array(known.prefix(same)) }
    }
}
