import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("The base image")
struct BaseImageGuessTests {
    private static func history(_ lines: [String]) -> [ImageConfiguration.HistoryEntry] {
        lines.map { .init(createdBy: $0, emptyLayer: !$0.hasPrefix("RUN") && !$0.hasPrefix("COPY")) }
    }

    @Test(
        "its layers are those below the last command that layers follow",
        arguments: [
            (["RUN base", "CMD [sh]", "RUN own", "COPY own", "CMD [app]"], 1),
            (["RUN base", "RUN base", "CMD [sh]", "COPY own"], 2),
            (["RUN base", "/bin/sh -c #(nop)  CMD [\"bash\"]", "ENV A", "COPY own", "ENTRYPOINT [app]"], 1),
            (["RUN a", "CMD [sh]", "RUN b", "CMD [python]", "COPY own", "CMD [app]"], 2),
            (["RUN only", "CMD [sh]"], 0), (["COPY only"], 0), ([], 0),
            (["RUN base", "CMDLINE", "COPY own"], 0),
        ])
    func layers(_ lines: [String], _ expected: Int) {
        let history = Self.history(lines)
        let layers = history.count { !$0.emptyLayer }
        #expect(BaseImageGuess.layerCount(history, of: layers) == expected)
        #expect(
            BaseImageGuess.layerCount(history, of: layers + 1) == 0, "a history that is not the layers' says nothing")
    }

    @Test("what the image states is told, the manifest before the labels")
    func stated() throws {
        let (name, digest) = ("org.opencontainers.image.base.name", "org.opencontainers.image.base.digest")
        let configuration = ImageConfiguration(
            platform: .linuxAMD64, labels: [name: "debian:12", digest: "sha256:abc"],
            history: Self.history(["RUN base", "CMD [sh]", "COPY own"]))
        let layers = [[1], [2]].map { ImageFixture.describe($0, "application/vnd.oci.image.layer.v1.tar") }
        #expect(
            BaseImageGuess.base(configuration, annotations: [name: "docker.io/library/debian:12"], layers: layers)
                == BaseImage(
                    name: "docker.io/library/debian:12", digest: "sha256:abc", layers: [layers[0].digest]))
        #expect(
            BaseImageGuess.base(ImageConfiguration(platform: .linuxAMD64), annotations: nil, layers: layers) == nil)
    }
}
