import HTTPPort
import Model

/// Walks the pages of a listing and always ends.
///
/// `Link` first, of the registry's own origin only; without any `Link`, `last` after a page of exactly `n` entries. The
/// walk stops at a URL seen before (Quay serves page 1 again for a `last` that it cannot read), at a page without a new
/// name, and at the limits, and then says that the list may be short.
struct PageWalk<Name: TextValue> {
    private let start: WebURL
    private let limits: RegistryLimits
    private var sendsPageSize = true
    private var hadLink = false
    private var visited: Set<WebURL> = []
    private var seen: Set<String> = []
    private(set) var nextURL: WebURL?
    private(set) var listing = Listing<Name>()

    init(start: WebURL, limits: RegistryLimits) {
        self.start = start
        self.limits = limits
        let first = start.appending(query: [("n", String(limits.pageSize))])
        nextURL = first
        visited.insert(first)
    }

    /// Starts again without `n`. False when that was done already, or a page has come.
    mutating func dropPageSize() -> Bool {
        guard sendsPageSize, listing.pages == 0 else { return false }
        sendsPageSize = false
        nextURL = start
        visited.insert(start)
        return true
    }

    mutating func take(_ texts: [String], link: String?, at url: WebURL) {
        listing.pages += 1
        let before = seen.count
        for text in texts where seen.insert(text).inserted { add(text) }
        nextURL = following(texts, link: link, at: url)
        guard nextURL != nil else { return }
        if seen.count == before {
            stop("a page brought no new name")
        } else if listing.pages >= limits.pagesMax {
            stop("the limit of \(limits.pagesMax) pages was reached")
        } else if seen.count >= limits.namesMax {
            stop("the limit of \(limits.namesMax) names was reached")
        }
    }

    private mutating func add(_ text: String) {
        do { listing.names.append(try Name(text)) } catch {
            listing.skippedCount += 1
            guard listing.skipped.count < 100 else { return }
            let shown = ErrorReport.clean(String(text.prefix(200)), secrets: [])
            listing.skipped.append(Listing.Skipped(text: shown, reason: error.reason))
        }
    }

    private mutating func following(_ texts: [String], link: String?, at url: WebURL) -> WebURL? {
        if let link {
            hadLink = true
            guard let target = try? url.resolving(link), target.origin == start.origin else {
                listing.incompleteBecause = "the next page is at another host"
                return nil
            }
            guard visited.insert(target).inserted else {
                listing.incompleteBecause = "the next page was read before"
                return nil
            }
            return target
        }
        guard !hadLink, sendsPageSize, texts.count == limits.pageSize, let last = texts.last else { return nil }
        let target = start.appending(query: [("n", String(limits.pageSize)), ("last", last)])
        guard visited.insert(target).inserted else {
            listing.incompleteBecause = "a full page came twice"
            return nil
        }
        return target
    }

    private mutating func stop(_ reason: String) {
        nextURL = nil
        listing.incompleteBecause = reason
    }
}
