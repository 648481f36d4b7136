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

    @Test("what served building alone is not installed; what gathers others is")
    func build() async throws {
        let text = """
            {"targets": {".NETCoreApp,Version=v8.0": {}, ".NETCoreApp,Version=v8.0/linux-x64": {
               "All/1.0.0": {"dependencies": {"Middle": "1.0.0", "SourceLink": "1.0.0"}},
               "Middle/1.0.0": {"dependencies": {"Inner": "2.0.0", "All": "1.0.0"}},
               "Inner/2.0.0": {"runtime": {"lib/net8.0/Inner.dll": {}}},
               "SourceLink/1.0.0": {"dependencies": {"Git": "1.0.0"}}, "Git/1.0.0": {},
               "Reference/1.0.0": {"compile": {"lib/net8.0/Reference.dll": {}}},
               "Sql/1.0.0": {"runtimeTargets": {"runtimes/linux/native/libsql.so": {}}}}},
             "libraries": {
               "All/1.0.0": {"type": "package"}, "Middle/1.0.0": {"type": "package"},
               "Inner/2.0.0": {"type": "package"}, "SourceLink/1.0.0": {"type": "package"},
               "Git/1.0.0": {"type": "package"}, "Reference/1.0.0": {"type": "package"},
               "Sql/1.0.0": {"type": "package"}}}
            """
        let inventory = try await Scanning.inventory([.file("app/shop.deps.json", text)])
        #expect(inventory.packages.map(\.name) == ["All", "Inner", "Middle", "Sql"])
        #expect(inventory.undetermined == [])
        let own = try await Scanning.inventory([.file("app/Git.deps.json", text)])
        #expect(own.packages.map(\.name) == ["All", "Git", "Inner", "Middle", "SourceLink", "Sql"])
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
