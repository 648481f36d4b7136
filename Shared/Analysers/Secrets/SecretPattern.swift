/// How secrets of one kind look: a short text that all of them have, and what must stand around it.
///
/// Sources: the documentation of each issuer, as far as it fixes the form; RFC 7468 for keys. A kind is here only if
/// its form tells it from other text: there is no guessing by entropy alone.
struct SecretPattern: Sendable {
    let kind: SecretKind
    /// At least `AnchorIndex.bytesMin` bytes.
    let anchor: [UInt8]
    /// - Parameters:
    ///   - text: what is known of the text around it.
    ///   - start: where the anchor stands.
    /// - Returns: where the secret stands, the part that all secrets of the kind share included.
    let match: @Sendable (_ text: UnsafeRawBufferPointer, _ start: Int) -> Range<Int>?
    /// What may be shown of a match: the beginning that says nothing.
    let shown: String

    init(
        _ kind: SecretKind, anchor: String, shown: String? = nil,
        match: @escaping @Sendable (UnsafeRawBufferPointer, Int) -> Range<Int>?
    ) {
        self.kind = kind
        self.anchor = Array(anchor.utf8)
        self.shown = shown ?? anchor
        self.match = match
    }

    /// A token with a fixed beginning that stands alone.
    static func token(
        _ kind: SecretKind, _ prefix: String, _ alphabet: ByteSet, _ lengths: ClosedRange<Int>, shown: String? = nil
    ) -> SecretPattern {
        let count = prefix.utf8.count
        return SecretPattern(kind, anchor: prefix, shown: shown) { text, start in
            if start > 0, ByteSet.word.contains(text[start - 1]) { return nil }
            let end = alphabet.end(of: text, from: start + count, most: lengths.upperBound + 1)
            guard lengths.contains(end - start - count), !Placeholder.isOne(text[(start + count)..<end]) else {
                return nil
            }
            return start..<end
        }
    }

    /// Such tokens whose fixed beginning is shorter than an anchor: one anchor for each byte that may follow it.
    static func tokens(
        _ kind: SecretKind, _ prefix: String, _ alphabet: ByteSet, _ lengths: ClosedRange<Int>
    ) -> [SecretPattern] {
        alphabet.members.map { byte in
            token(
                kind, prefix + String(UnicodeScalar(byte)), alphabet,
                (lengths.lowerBound - 1)...(lengths.upperBound - 1), shown: prefix)
        }
    }

    /// A value behind a name: `name = value`, `"name": "value"`, `name=value`.
    static func value(
        _ kind: SecretKind, of name: String, _ alphabet: ByteSet, _ lengths: ClosedRange<Int>
    ) -> SecretPattern {
        let count = name.utf8.count
        return SecretPattern(kind, anchor: name, shown: "") { text, start in
            var index = start + count
            let limit = min(text.count, index + 16)
            var hasSign = false
            while index < limit, ByteSet.assignment.contains(text[index]) {
                hasSign = hasSign || text[index] == UInt8(ascii: "=") || text[index] == UInt8(ascii: ":")
                index += 1
            }
            let end = alphabet.end(of: text, from: index, most: lengths.upperBound + 1)
            guard hasSign, lengths.contains(end - index), !Placeholder.isOne(text[index..<end]) else { return nil }
            return index..<end
        }
    }
}

/// What a secret opens.
enum SecretKind: String, CaseIterable, Sendable {
    case privateKey = "private-key"
    case ageKey = "age-key"
    case awsAccessKey = "aws-access-key"
    case awsSecretKey = "aws-secret-key"
    case azureStorageKey = "azure-storage-key"
    case googleAPIKey = "google-api-key"
    case digitalOceanToken = "digitalocean-token"
    case githubToken = "github-token"
    case gitlabToken = "gitlab-token"
    case registryPassword = "registry-password"
    case dockerToken = "docker-token"
    case npmToken = "npm-token"
    case pypiToken = "pypi-token"
    case slackToken = "slack-token"
    case slackWebhook = "slack-webhook"
    case stripeKey = "stripe-key"
    case shopifyToken = "shopify-token"
    case sendGridKey = "sendgrid-key"
    case huggingFaceToken = "hugging-face-token"
    case openAIKey = "openai-key"
    case anthropicKey = "anthropic-key"
    case databricksToken = "databricks-token"
    case newRelicKey = "new-relic-key"
    case vaultToken = "vault-token"
    case terraformToken = "terraform-token"
    case urlPassword = "url-password"
    case credentialVariable = "credential-variable"
}

/// Text in the form of a secret that opens nothing: examples of documentation, masks.
enum Placeholder {
    private static let words = [
        "example", "xxxx", "****", "1234567", "abcdefg", "00000", "your", "placeholder", "changeme", "redacted",
    ].map { Array($0.utf8) }

    static func isOne(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        if text.count >= 16, Set(text).count < 8 { return true }
        let lower = text.map { ByteSet.letters.contains($0) ? $0 | 0x20 : $0 }
        return words.contains { word in
            lower.indices.dropLast(word.count - 1).contains { lower[$0...].starts(with: word) }
        }
    }
}
