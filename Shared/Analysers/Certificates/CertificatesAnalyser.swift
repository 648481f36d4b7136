import Crypto
import Foundation
import LayerArchive
import SwiftASN1
import X509

/// Certificates (X.509) that lie in an image, as PEM or DER: who they are of and when they expire.
///
/// The stores of public authorities are passed over: distributions and languages bring the same hundred and forty to
/// every image.
///
/// **Limits.** Files of at most 1 MiB with the usual endings; key stores (PKCS #12, JKS) and certificates inside other
/// files are not read. What has the ending and holds no certificate says nothing; a damaged certificate is noted.
struct CertificatesAnalyser: Analyser {
    let name = "certificates"
    let version = 1
    let rules: [FileRule] = [".pem", ".crt", ".cer", ".der"].map {
        FileRule.ending($0, outside: storeFolders + SecretsAnalyser.exampleFolders).forFew.optional
    }

    /// Folders of trust stores.
    private static let storeFolders = ["ca-certificates", "ca-trust", "certifi", "mozilla", "ssl_certs"]
    /// The store of OpenSSL, which is filled from those.
    private static let storePaths = ["etc/ssl/certs/", "etc/pki/tls/certs/", "usr/lib/ssl/certs/", "etc/ssl/cert.pem"]
    /// Of one file; a bundle of more is a trust store under another name.
    static let certificatesMax = 100
    private static let namesMax = 20

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        guard !Self.storePaths.contains(where: { path.bytes.starts(with: $0.utf8) }) else { return FileFindings() }
        var findings = FileFindings()
        do {
            let documents = try Self.documents(bytes)
            guard documents.count <= Self.certificatesMax else {
                findings.notes = ["it holds \(documents.count) certificates, of which none is listed"]
                return findings
            }
            findings.certificates = try documents.map(Self.read)
        } catch {
            findings.notes = ["a certificate in it cannot be read"]
        }
        return findings
    }

    /// The DER of every certificate in a file.
    private static func documents(_ bytes: UnsafeRawBufferPointer) throws -> [[UInt8]] {
        let text = Data(bytes)
        let mark = Data("-----BEGIN ".utf8)
        guard text.range(of: mark) != nil else {
            // DER begins with a sequence of a long length (X.690 §8.1); other files have the ending, too.
            return bytes.count > 4 && bytes[0] == 0x30 && bytes[1] == 0x82 ? [Array(bytes)] : []
        }
        return try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self)).filter {
            ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains($0.discriminator)
        }.map { $0.discriminator == "TRUSTED CERTIFICATE" ? Self.first(of: $0.derBytes) : $0.derBytes }
    }

    /// OpenSSL's trusted certificates have what they are trusted for behind the certificate.
    private static func first(of der: [UInt8]) -> [UInt8] {
        guard der.count > 4, der[0] == 0x30, der[1] == 0x82 else { return der }
        return Array(der.prefix(4 + Int(der[2]) << 8 + Int(der[3])))
    }

    private static func read(_ der: [UInt8]) throws -> FoundCertificate {
        let certificate = try Certificate(derEncoded: der)
        let names = (try? certificate.extensions.subjectAlternativeNames).flatMap { $0 } ?? SubjectAlternativeNames()
        let dns = names.compactMap { name -> String? in if case .dnsName(let text) = name { text } else { nil } }
        var isAuthority = false
        if case .isCertificateAuthority = (try? certificate.extensions.basicConstraints).flatMap({ $0 }) {
            isAuthority = true
        }
        let digits = SHA256.hash(data: der).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return FoundCertificate(
            subject: bounded(certificate.subject.description), issuer: bounded(certificate.issuer.description),
            names: dns.prefix(namesMax).map(bounded), isAuthority: isAuthority,
            notBefore: certificate.notValidBefore.ISO8601Format(), notAfter: certificate.notValidAfter.ISO8601Format(),
            fingerprint: digits.joined())
    }

    private static func bounded(_ text: String) -> String { String(text.prefix(300)) }
}

/// A certificate in a file, before the image is known.
public struct FoundCertificate: Hashable, Sendable, Codable {
    public var subject: String
    public var issuer: String
    public var names: [String]
    public var isAuthority: Bool
    public var notBefore: String
    public var notAfter: String
    public var fingerprint: String
}
