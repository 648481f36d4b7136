import Foundation
import ServiceRuntime
import Testing

@Suite("The Dockerfile")
struct DockerfileTests {
    static let path = "Services/Dockerfile"

    private let text: String
    private let executables: Set<String>

    init() throws {
        text = try Checkout.text(Self.path)
        executables = try Checkout.executables()
    }

    private func problems(_ text: String) -> [String] {
        DockerfileCheck(file: Dockerfile(text), executables: executables, exists: Checkout.exists).problems
    }

    @Test("has one true stage for each executable")
    func truth() {
        #expect(executables.isSuperset(of: Executables.services))
        let problems = problems(text)
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }

    static let lies = [
        Lie("AS cleanup", "AS clean-up", "cleanup has no stage"),
        .init("AS cleanup", "AS clean-up", "there is no executable clean-up"),
        .init("registry-enumerator scanner", "registry-enumerator", "builder builds"),
        .init(" --static-swift-stdlib", "", "links Swift's libraries dynamically"),
        .init("COPY Shared Shared", "COPY Sources Sources", "copies Sources, which does not exist"),
        .init("/out/bin/scanner /usr/bin/", "/out/bin/scaner /usr/bin/", "does not copy the executable"),
        .init("ENTRYPOINT [\"/usr/bin/scanner\"]", "ENTRYPOINT /usr/bin/scanner", "ENTRYPOINT is not"),
        .init("USER 65532:65532", "USER pratique", "USER is not a number"),
        .init("USER 65532:65532", "USER 0:0", "USER is not a number, or root"),
        .init("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGINT", "STOPSIGNAL is not SIGTERM"),
        .init(
            "CMD [\"/usr/bin/scanner\", \"health\"]", "CMD [\"/usr/bin/scanner\", \"healthy\"]", "no command “healthy”"),
        .init("CMD [\"/usr/bin/scanner\", \"health\"]", "CMD scanner health", "HEALTHCHECK does not run"),
        .init("EXPOSE 8080 8081 8082", "EXPOSE 8080 8081", "it exposes"),
        .init("VOLUME /data", "VOLUME /var/lib", "its volumes are"),
        .init("title=\"cleanup\"", "title=\"clean-up\"", "its title is not cleanup"),
    ]

    @Test("is caught in each kind of lie", arguments: lies)
    func caught(_ lie: Lie) throws {
        let problems = problems(try lie.told(in: text))
        #expect(problems.contains { $0.contains(lie.caught) }, "\(problems)")
    }

    @Test("is given by .dockerignore what it copies")
    func ignored() throws {
        let lines = try Checkout.text(".dockerignore").split(separator: "\n").map(String.init)
        let builder = try #require(Dockerfile(text).stage("builder"))
        let copied = builder.instructions.filter { $0.word == "COPY" }.flatMap { $0.words.dropLast() }
        #expect(lines.contains("*"))
        #expect(Set(copied) == Set(lines.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }))
    }

    @Test("installs the libraries that the executables are linked with, and no other")
    func libraries() throws {
        let packages = [
            "libcurl.so.4": "libcurl4", "libgcc_s.so.1": "libgcc-s1", "libisal.so.2": "libisal2",
            "libsqlite3.so.0": "libsqlite3-0", "libstdc++.so.6": "libstdc++6", "libzstd.so.1": "libzstd1",
            "libz.so.1": "zlib1g", "librdkafka.so.1": "librdkafka1",
        ]
        let fromC: Set = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"]
        let linked = try executables.sorted().reduce(into: Set<String>()) { $0.formUnion(try LinkedLibraries.of($1)) }
        let unknown = linked.subtracting(fromC).subtracting(packages.keys).filter { !LinkedLibraries.isSwifts($0) }
        #expect(unknown.isEmpty, "say in this test which package has them")
        let runtime = Dockerfile(text).all("RUN", in: "runtime").map(\.rest).joined().split(separator: " ").map(
            String.init)
        let installed = Set(runtime.filter { $0.hasPrefix("lib") || $0 == "zlib1g" })
        #expect(installed == Set(linked.compactMap { packages[$0] }))
    }
}
