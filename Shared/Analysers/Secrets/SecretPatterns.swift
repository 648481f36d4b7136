import Foundation

/// The forms of all kinds.
enum SecretPatterns {
    static let all: [SecretPattern] = keys + clouds + forges + others + [.url("tp://"), .url("ps://")] + databases

    private static let keys: [SecretPattern] = [
        SecretPattern(.privateKey, anchor: "PRIVATE KEY", shown: "-----BEGIN …", match: privateKey),
        SecretPattern(.privateKey, anchor: "PuTTY-User-Key-File-") { text, start in
            let end = ByteSet.userName.end(of: text, from: start, most: 40)
            return start == 0 || text[start - 1] == UInt8(ascii: "\n") ? start..<end : nil
        },
        .token(.ageKey, "AGE-SECRET-KEY-1", .upperAndDigits, 58...58),
    ]

    private static let clouds: [SecretPattern] =
        ["AKIA", "ASIA"].map { .token(.awsAccessKey, $0, .upperAndDigits, 16...16) }
        + ["secret_access_key", "SECRET_ACCESS_KEY", "ecretAccessKey"].map {
            .value(.awsSecretKey, of: $0, .base64, 40...40)
        } + [
            .value(.azureStorageKey, of: "AccountKey", .base64AndPadding, 88...88),
            .token(.googleAPIKey, "AIza", .url64, 35...35),
            .token(.digitalOceanToken, "dop_v1_", .lowerHex, 64...64),
            .token(.digitalOceanToken, "doo_v1_", .lowerHex, 64...64),
        ]

    private static let forges: [SecretPattern] =
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map { .token(.githubToken, $0, .alphanumeric, 36...251) }
        + [.token(.githubToken, "github_pat_", .word, 82...82)]
        + ["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glagent-"].map {
            .token(.gitlabToken, $0, .url64AndDots, 20...300)
        } + [
            SecretPattern(.registryPassword, anchor: "\"auth\"", shown: "", match: registryPassword),
            .token(.dockerToken, "dckr_pat_", .url64, 27...27),
            .token(.dockerToken, "dckr_oat_", .url64, 32...32),
            .token(.npmToken, "npm_", .alphanumeric, 36...36),
            .value(.npmToken, of: "_authToken", .url64, 32...300),
            .token(.pypiToken, "pypi-AgE", .url64, 60...600, shown: "pypi-"),
        ]

    private static let others: [SecretPattern] =
        ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"].map { .token(.slackToken, $0, .url64, 24...260) }
        + [
            .token(.slackToken, "xapp-", .url64, 60...260),
            SecretPattern(.slackWebhook, anchor: "hooks.slack.com/services/T", shown: "hooks.slack.com/services/") {
                text, start in
                let end = ByteSet.path.end(of: text, from: start + 25, most: 90)
                let parts = text[(start + 25)..<end].split(separator: UInt8(ascii: "/"))
                guard parts.count == 3, parts[1].first == UInt8(ascii: "B"), parts[2].count >= 20,
                    !Placeholder.isOne(Slice(base: text, bounds: parts[2].startIndex..<parts[2].endIndex))
                else { return nil }
                return start..<end
            },
            .token(.stripeKey, "sk_live_", .alphanumeric, 24...250),
            .token(.stripeKey, "rk_live_", .alphanumeric, 24...250),
            .token(.openAIKey, "sk-proj-", .url64, 40...250),
            .token(.openAIKey, "sk-svcacct-", .url64, 40...250),
            .token(.anthropicKey, "sk-ant-", .url64, 80...250),
            .token(.databricksToken, "dapi", .lowerHex, 32...32),
            .token(.newRelicKey, "NRAK-", .upperAndDigits, 27...27),
            .token(.vaultToken, "hvs.", .url64, 90...300),
            .token(.vaultToken, "hvb.", .url64, 130...400),
            SecretPattern(.terraformToken, anchor: ".atlasv1.") { text, start in
                let end = ByteSet.url64.end(of: text, from: start + 9, most: 80)
                guard start >= 14, end - start - 9 >= 60,
                    text[(start - 14)..<start].allSatisfy({ ByteSet.alphanumeric.contains($0) }),
                    !Placeholder.isOne(text[(start + 9)..<end])
                else { return nil }
                return (start - 14)..<end
            },
        ] + ["shpat_", "shpca_", "shppa_", "shpss_"].map { .token(.shopifyToken, $0, .hex, 32...32) }
        + SecretPattern.tokens(.huggingFaceToken, "hf_", .letters, 34...34)
        + SecretPattern.tokens(.sendGridKey, "SG.", .url64AndDots, 66...66)

    private static let databases: [SecretPattern] =
        ["sql://", "gres://", "ongodb://", "+srv://", "edis://", "diss://", "mqp://", "mqps://", "ldap://"].map {
            .url($0)
        }

    // MARK: Forms that are more than a run of bytes

    /// RFC 7468, section 2: the label, and enough of a key behind it; also in JSON, where lines end in `\n`.
    @Sendable private static func privateKey(_ text: UnsafeRawBufferPointer, _ start: Int) -> Range<Int>? {
        let mark = Array("-----BEGIN ".utf8)
        var first = start
        while first > 0, start - first < 24, ByteSet.keyLabel.contains(text[first - 1]) { first -= 1 }
        // The label's own letters are those of the mark, too.
        guard first >= 5, text[(first - 5)...].starts(with: mark) else { return nil }
        let label = ByteSet.keyLabel.end(of: text, from: start, most: 24)
        guard text[label...].starts(with: "-----".utf8) else { return nil }
        var index = label + 5
        let limit = min(text.count, index + 600)
        while index < limit {
            let end = ByteSet.base64AndPadding.end(of: text, from: index, most: 600)
            // `n` of a line's end in JSON is one more.
            if end - index >= 40 {
                return Set(text[index..<end]).count < 12 ? nil : (first - 5)..<keyEnd(text, end)
            }
            if text[end...].starts(with: "-----".utf8) { return nil }
            index = end + 1
        }
        return nil
    }

    private static func keyEnd(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var index = start
        while index < text.count, text[index] != UInt8(ascii: "-") { index += 1 }
        guard text[index...].starts(with: "-----END ".utf8) else { return index }
        let label = ByteSet.keyLabel.end(of: text, from: index + 9, most: 40)
        return min(text.count, label + 5)
    }

    /// `"auth": "…"` of `~/.docker/config.json`: user and password in base64.
    @Sendable private static func registryPassword(_ text: UnsafeRawBufferPointer, _ start: Int) -> Range<Int>? {
        let open = ByteSet.assignment.end(of: text, from: start + 6, most: 16)
        let end = ByteSet.base64AndPadding.end(of: text, from: open, most: 600)
        guard end - open >= 8, end < text.count, text[end] == UInt8(ascii: "\""),
            let plain = Data(base64Encoded: Data(text[open..<end])),
            let colon = plain.firstIndex(of: UInt8(ascii: ":")),
            colon > plain.startIndex, plain.distance(from: colon, to: plain.endIndex) > 4,
            plain.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        let isPlaceholder = Array(plain[(colon + 1)...]).withUnsafeBytes { Placeholder.isOne($0[...]) }
        return isPlaceholder ? nil : open..<end
    }
}

extension SecretPattern {
    /// A password in an address: `scheme://user:password@host`.
    fileprivate static func url(_ anchor: String) -> SecretPattern {
        let count = anchor.utf8.count
        return SecretPattern(.urlPassword, anchor: anchor, shown: "") { text, start in
            let user = ByteSet.userName.end(of: text, from: start + count, most: 100)
            guard user < text.count, text[user] == UInt8(ascii: ":") else { return nil }
            let end = ByteSet.password.end(of: text, from: user + 1, most: 200)
            guard end - user > 6, end + 3 < text.count, text[end] == UInt8(ascii: "@"),
                ByteSet.alphanumeric.contains(text[end + 1])
            else { return nil }
            let password = text[(user + 1)..<end]
            guard !isWord(password), !Placeholder.isOne(password) else { return nil }
            let host = ByteSet.userName.end(of: text, from: end + 1, most: 253)
            return String(decoding: text[(end + 1)..<host], as: UTF8.self).lowercased().contains("example")
                ? nil : (user + 1)..<end
        }
    }

    /// What documentation writes in the place of a password.
    private static func isWord(_ password: Slice<UnsafeRawBufferPointer>) -> Bool {
        let text = String(decoding: password, as: UTF8.self).lowercased()
        return ["password", "passwd", "passw0rd", "secret", "pass", "token", "user", "host"].contains {
            text.hasPrefix($0) && text.count <= $0.count + 4
        }
    }
}
