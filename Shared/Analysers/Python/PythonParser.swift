import Model

/// Core metadata: a mail header with one field a line, ended by an empty line (PyPA "Core metadata specifications").
enum PythonParser {
    static func package(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FoundPackage {
        var name = ""
        var version = ""
        var license = ""
        var expression = ""
        for line in LineReader(bytes) {
            if line.isEmpty { break }
            if name.isEmpty, line.isField("Name") {
                name = line.fieldValue
            } else if version.isEmpty, line.isField("Version") {
                version = line.fieldValue
            } else if license.isEmpty, line.isField("License") {
                license = line.fieldValue
            } else if expression.isEmpty, line.isField("License-Expression") {
                expression = line.fieldValue
            }
        }
        guard !name.isEmpty else { throw AnalysisError("it states no name") }
        guard !version.isEmpty else { throw AnalysisError("it states no version for \(name)") }
        let stated = expression.isEmpty ? license : expression
        // Some projects put the whole text of their licence into the field.
        let isName = !stated.isEmpty && stated != "UNKNOWN" && stated.utf8.count <= 200
        return FoundPackage(name: name, version: version, type: .pypi, licenses: isName ? [stated] : [])
    }

    /// PEP 503: lower case, runs of `-`, `_` and `.` as one `-`.
    static func normalised(_ name: String) -> String {
        var result = ""
        var isSeparating = false
        for character in name.lowercased() {
            if character == "-" || character == "_" || character == "." {
                isSeparating = true
            } else {
                if isSeparating { result.append("-") }
                isSeparating = false
                result.append(character)
            }
        }
        return isSeparating ? result + "-" : result
    }
}
