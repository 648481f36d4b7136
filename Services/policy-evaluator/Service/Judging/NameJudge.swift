import Advisories
import Events
import Foundation
import Model
import PolicyEngine

/// What becomes of one name's verdict.
enum Judgement: Sendable {
    /// It stays: nothing changed, or there is nothing to say yet.
    case keep
    case write(VerdictRecord)
    /// The name is gone, or is in the trash and has a verdict that cannot be read.
    case remove
}

/// Judges names from what the view holds. Pure but for its cache; run it on the compute pool.
struct NameJudge: Sendable {
    let set: AdvisorySet?
    let policies: [Policy]
    /// What is unknown of every name.
    let problems: [Undetermined]
    let cache: MatchCache
    private(set) var now: Date

    /// For one name: never before a candidate was uploaded, whichever clock is ahead, since its verdict answers it.
    func at(_ inputs: JudgingInputs) -> NameJudge {
        var judge = self
        if let asked = inputs.name?.askedAt { judge.now = max(now, asked) }
        return judge
    }

    func judge(_ inputs: JudgingInputs) throws -> Judgement {
        guard let row = inputs.name else {
            // Nobody would ever replace a verdict that cannot be read.
            let isLost = inputs.isVerdictUnreadable && inputs.problems.isEmpty
            return isLost || inputs.isGone && inputs.verdict != nil ? .remove : .keep
        }
        let name = try ImageName(row.name)
        let digest = try Digest(row.digest)
        guard let record = try record(name, digest, inputs) else { return .keep }
        return keepOrWrite(record, inputs)
    }

    /// For a name whose judging failed: undetermined, with the error as the reason.
    func refuse(_ inputs: JudgingInputs, because error: any Error) throws -> Judgement {
        guard let row = inputs.name else { return .keep }
        let reason = "cannot be judged: " + String("\(error)".prefix(500))
        let missing = problems + inputs.problems + [Undetermined(what: "verdict", reason: reason)]
        var record = without(try ImageName(row.name), try Digest(row.digest), missing)
        record.verdict.inputs.inventories = inputs.inventoryVersions
        return keepOrWrite(record, inputs)
    }

    private func keepOrWrite(_ record: VerdictRecord, _ inputs: JudgingInputs) -> Judgement {
        if let known = inputs.verdict, let old = try? known.payload(VerdictRecord.self), old.saysTheSame(as: record),
            old.judgedAt >= inputs.name?.askedAt ?? .distantPast
        {
            return .keep
        }
        return .write(record)
    }

    /// Nil while the inventory is still to come.
    private func record(_ name: ImageName, _ digest: Digest, _ inputs: JudgingInputs) throws -> VerdictRecord? {
        let missing = problems + inputs.problems
        let failure = try failure(inputs)
        // Of what a registry shows, our own scan has the last word, also where it failed.
        let isOverruled = failure != nil && inputs.isFromUpload && inputs.name?.isResolved == true
        guard let root = inputs.inventory, !isOverruled else {
            guard let reason = failure else { return nil }
            return without(name, digest, missing + [Undetermined(what: "inventory", reason: reason)])
        }
        if let error = root.error {
            return without(name, digest, missing + [Undetermined(what: "inventory", reason: error)])
        }
        guard root.isIndex else {
            let result = try platform(name, digest, root, missing)
            return VerdictRecord(
                name: name, digest: digest, verdict: result.verdict, platforms: [result], judgedAt: now)
        }
        guard case .index(let children)? = try root.value?.payload(InventoryRecord.self) else {
            return without(
                name, digest, missing + [Undetermined(what: "inventory", reason: "it is not that of an index")])
        }
        return try index(name, children, inputs, missing)
    }

    private func without(_ name: ImageName, _ digest: Digest, _ missing: [Undetermined]) -> VerdictRecord {
        let verdict = Judge.judge(
            PolicySubject(name), digest: digest, inventory: nil, match: nil, policies: policies, now: now,
            missing: missing)
        return VerdictRecord(name: name, digest: digest, verdict: verdict, platforms: [], judgedAt: now)
    }

    private func platform(
        _ name: ImageName, _ digest: Digest, _ stored: JudgingInputs.StoredInventory, _ missing: [Undetermined]
    ) throws -> VerdictRecord.PlatformResult {
        var missing = missing
        var inventory: Inventory?
        if let error = stored.error { missing.append(Undetermined(what: "inventory", reason: error)) }
        if case .platform(let found)? = try stored.value?.payload(InventoryRecord.self) {
            inventory = found
        } else if stored.error == nil {
            missing.append(
                Undetermined(what: "inventory", reason: "it is that of an index where a platform's was expected"))
        }
        var match: MatchResult?
        if let inventory, let set {
            let key = MatchCache.Key(inventory: stored.key, position: stored.position, generation: set.generation)
            match = cache.result(key) { set.match(inventory).timeless }
        } else if inventory != nil {
            missing.append(Undetermined(what: "advisories", reason: "no advisories imported"))
        }
        var verdict = Judge.judge(
            PolicySubject(name), digest: digest, inventory: inventory, match: match, policies: policies, now: now,
            missing: missing)
        verdict.inputs.inventories = stored.version.map { [$0] } ?? []
        return VerdictRecord.PlatformResult(
            platform: inventory?.platform, digest: inventory?.digest ?? digest, findings: match?.findings ?? [],
            verdict: verdict)
    }

    /// Judges what the name's registry configures, whatever other registries had read of the same index. A platform
    /// that the index does not have is passed over, as long as another one is there (decision 7). An upload is judged
    /// whole: somebody wants to know just this.
    private func index(
        _ name: ImageName, _ index: InventoryRecord.IndexChildren, _ inputs: JudgingInputs, _ missing: [Undetermined]
    ) throws -> VerdictRecord {
        let isUpload = inputs.isFromUpload || inputs.name?.askedAt != nil
        guard let wanted = inputs.platforms ?? (isUpload ? [] : nil) else {
            let reason = "which ones are judged is not known: the registry \(name.registry) cannot be read"
            return without(name, index.digest, missing + [Undetermined(what: "platforms", reason: reason)])
        }
        let failure = try failure(inputs).map { missing + [Undetermined(what: "inventory", reason: $0)] }
        var results: [VerdictRecord.PlatformResult] = []
        var platforms: [Judge.PlatformVerdict] = []
        let children = inputs.children.filter { child in
            isUpload || wanted.contains { $0.matches(child.platform) }
        }
        for child in children {
            var result: VerdictRecord.PlatformResult?
            if let stored = child.inventory {
                result = try platform(name, child.digest, stored, missing)
            } else if let failure {
                result = VerdictRecord.PlatformResult(
                    platform: child.platform, digest: child.digest, findings: [],
                    verdict: without(name, child.digest, failure).verdict)
            }
            result?.platform = child.platform
            // Shown as what it is, so that the report of one platform never stands for the whole.
            results.append(result ?? unjudged(name, child, missing))
            platforms.append(Judge.PlatformVerdict(platform: child.platform, verdict: result?.verdict))
        }
        for platform in wanted where !index.knows(platform) {
            let unknown = failure ?? missing + [Undetermined(what: "inventory", reason: "not read yet")]
            let verdict = without(name, index.digest, unknown).verdict
            results.append(.init(platform: platform, digest: index.digest, findings: [], verdict: verdict))
            platforms.append(Judge.PlatformVerdict(platform: platform, verdict: failure == nil ? nil : verdict))
        }
        var verdict = Judge.combine(digest: index.digest, platforms: platforms, now: now)
        var judged = inputs
        judged.children = children
        verdict.inputs.inventories = judged.inventoryVersions
        return VerdictRecord(name: name, digest: index.digest, verdict: verdict, platforms: results, judgedAt: now)
    }

    private func unjudged(
        _ name: ImageName, _ child: JudgingInputs.Child, _ missing: [Undetermined]
    ) -> VerdictRecord.PlatformResult {
        let unknown = missing + [Undetermined(what: "inventory", reason: "not scanned yet")]
        return VerdictRecord.PlatformResult(
            platform: child.platform, digest: child.digest, findings: [],
            verdict: without(name, child.digest, unknown).verdict)
    }

    /// Why there is no inventory, or nil while one may still come.
    private func failure(_ inputs: JudgingInputs) throws -> String? {
        if let error = inputs.statusError { return "the scan's status cannot be read: \(error)" }
        guard let status = try inputs.status?.payload(ScanStatusRecord.self) else { return nil }
        return switch status.state {
        case .done: nil
        case .failed(let failure): failure.message
        case .notAnImage(let type): "it is no container image but \(type)"
        }
    }
}

extension InventoryRecord.IndexChildren {
    /// Whether the platform was asked for: it is among the children, or known not to be there.
    fileprivate func knows(_ platform: Platform) -> Bool {
        missing.contains(platform) || children.contains { platform.matches($0.platform) }
    }
}

extension VerdictRecord {
    /// Whether both say the same of the same digest, whenever and under whatever generation they were computed.
    func saysTheSame(as other: VerdictRecord) -> Bool { timeless == other.timeless }

    /// Without what changes when nothing does: the time of judging and the number of the generation.
    var timeless: VerdictRecord {
        var record = self
        record.judgedAt = Date(timeIntervalSince1970: 0)
        record.verdict = record.verdict.timeless
        record.platforms = platforms.map { result in
            var result = result
            result.verdict = result.verdict.timeless
            return result
        }
        return record
    }
}

extension MatchResult {
    /// Reasons without the generation's number: it is in the verdict's inputs, and in a reason it would make each new
    /// generation a new verdict.
    fileprivate var timeless: MatchResult {
        var result = self
        let suffix = " in generation \(generation)"
        result.undetermined = undetermined.map { unknown in
            guard unknown.reason.hasSuffix(suffix) else { return unknown }
            return Undetermined(what: unknown.what, reason: String(unknown.reason.dropLast(suffix.count)))
        }
        return result
    }
}

extension Verdict {
    fileprivate var timeless: Verdict {
        var verdict = self
        verdict.inputs.now = Date(timeIntervalSince1970: 0)
        verdict.inputs.generation = nil
        return verdict
    }
}
