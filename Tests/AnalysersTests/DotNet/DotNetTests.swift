import Model
import TestSupport
import Testing

@testable import Analysers

@Suite(".NET")
struct DotNetTests {
    @Test("packages and the runtime, not the program's own projects")
    func packages() async throws {
        let program = """
            {"runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64"}, "targets": {},
             "libraries": {
               "shop/1.0.0": {"type": "project", "serviceable": false},
               "Newtonsoft.Json/13.0.1": {"type": "package", "serviceable": true, "sha512": "sha512-x"},
               "System.Private/8.0.0": {"type": "reference"},
               "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}}}
            """
        let framework = #"{"libraries": {"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "package"}}}"#
        let inventory = try await Scanning.inventory([
            .file("app/shop.deps.json", program),
            .file("usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json", framework),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1",
                "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1", "pkg:nuget/Newtonsoft.Json@13.0.1",
            ])
        #expect(inventory.undetermined == [])
    }

    @Test(
        "what is damaged is told",
        arguments: [
            ("", "it is empty"), ("{", "it is no JSON"), ("{}", "the document has no libraries"),
            (#"{"libraries": {"a": {"type": "package"}}}"#, "its library “a” has no version"),
        ])
    func damage(_ text: String, _ reason: String) async throws {
        let inventory = try await Scanning.inventory([.file("app/a.deps.json", text)])
        #expect(inventory.undetermined.map(\.reason) == [reason])
    }
}
