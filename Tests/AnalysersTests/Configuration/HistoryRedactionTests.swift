import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("History lines without values")
struct HistoryRedactionTests {
    /// As `docker build` (classic and BuildKit), `buildah bud` and kaniko write them.
    static let lines: [(line: String, redacted: String)] = [
        ("/bin/sh -c #(nop)  ENV SECRET=hunter2", "/bin/sh -c #(nop)  ENV SECRET"),
        ("/bin/sh -c #(nop) ENV SECRET=\"hunter2 and more\" PATH=/bin", "/bin/sh -c #(nop) ENV SECRET PATH"),
        ("ENV SECRET=hunter2", "ENV SECRET"),
        ("ENV SECRET=hunter2 dGVzdA== PATH=/usr/bin", "ENV SECRET PATH"),
        ("ENV SECRET hunter2 hunter2", "ENV SECRET"),
        ("env SECRET='a b=hunter2'", "env SECRET"),
        ("/bin/sh -c #(nop)  ARG TOKEN=abc", "/bin/sh -c #(nop)  ARG TOKEN"),
        ("ARG TOKEN=hunter2", "ARG TOKEN"), ("ARG TOKEN", "ARG TOKEN"),
        ("ONBUILD ENV SECRET=hunter2", "ONBUILD ENV SECRET"),
        ("/bin/sh -c #(nop)  ONBUILD ARG TOKEN=hunter2", "/bin/sh -c #(nop)  ONBUILD ARG TOKEN"),
        (
            "RUN |1 TOKEN=abc /bin/sh -c make install # buildkit",
            "RUN |1 TOKEN /bin/sh -c make install # buildkit"
        ),
        ("|1 TOKEN=abc /bin/sh -c make", "|1 TOKEN /bin/sh -c make"),
        ("|2 TOKEN=a b/c PATH=x=y /d /bin/bash -o pipefail -c make", "|2 TOKEN PATH /bin/bash -o pipefail -c make"),
        ("|2 TOKEN=\"it is\" PATH='q' /bin/sh -ec id", "|2 TOKEN PATH /bin/sh -ec id"),
        ("RUN |1 TOKEN=abc dGVzdA== /bin/sh -c make", "RUN |1 TOKEN /bin/sh -c make"),
        ("RUN |1 TOKEN=abc cmd /S /C make", "RUN |1 TOKEN …"),
        ("RUN /bin/sh -c curl -H hunter2 x # buildkit", "RUN /bin/sh -c curl -H $SECRET x # buildkit"),
        ("RUN |1 TOKEN=x /bin/sh -c echo hunter2hunter2", "RUN |1 TOKEN /bin/sh -c echo $SECRET$SECRET"),
        ("LABEL key=hunter2-longer", "LABEL key=$LONG"),
        ("/bin/sh -c #(nop)  CMD [\"bash\"]", "/bin/sh -c #(nop)  CMD [\"bash\"]"),
        ("/bin/sh -c #(nop) ADD file:0123 in / ", "/bin/sh -c #(nop) ADD file:0123 in / "),
        ("RUN /bin/sh -c environment=1 make", "RUN /bin/sh -c environment=1 make"),
        ("COPY /a /b # buildkit", "COPY /a /b # buildkit"), ("", ""), ("|", "|"), ("|1", "|1"), ("ENV ", "ENV "),
    ]
    private static let environment = ["SECRET=hunter2", "PATH=/usr/bin", "LONG=hunter2-longer", "ONE=1", "EMPTY="]

    @Test("values go, names and commands stay", arguments: lines)
    func rules(_ line: String, _ redacted: String) {
        #expect(HistoryRedaction.redact([line, "ARG TOKEN"], environment: Self.environment)[0] == redacted)
    }

    @Test("an inventory holds no value of a variable or an argument")
    func inventory() async throws {
        let image = try ImageFixture(
            layers: [LayerFixture([.file("x")])], environment: ["SECRET=hunter2"],
            history: [
                "RUN |2 TOKEN=s3cr3t words=a b /bin/sh -c use hunter2 # buildkit"
            ])
        let inventory = try await Scanning.scan(image)
        #expect(inventory.layers.map(\.createdBy) == ["RUN |2 TOKEN /bin/sh -c use $SECRET # buildkit"])
        let text = String(decoding: try JSONFormat.encode(inventory), as: UTF8.self)
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("s3cr3t"))
    }

    @Test("more than can be looked through is not kept, instead of taking for ever")
    func excess() {
        let environment = (0..<20_000).map { "NAME\($0)=value\($0)" }
        let line = String(repeating: "x", count: 20_000)
        #expect(HistoryRedaction.redact([line, nil], environment: environment) == [nil, nil])
    }
}
