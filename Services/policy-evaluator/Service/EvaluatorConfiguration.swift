public import Advisories
import Foundation

/// The bounds and intervals of the policy evaluator.
public struct EvaluatorConfiguration: Sendable {
    /// Threads that read inventories, match and judge; imports have one of their own.
    public var threads: Int
    /// Names that are judged before their verdicts are appended together.
    public var batchMax: Int
    /// Match results that are kept in memory.
    public var cachedMatchesMax: Int
    /// How many earlier generations can be put in force again.
    public var generationsKept: Int
    /// An `all.zip` from an address, as sent.
    public var downloadBytesMax: Int64
    public var importLimits: ImportLimits
    /// How often verdicts are looked through for those whose time has come.
    public var tick: Duration
    /// How long the view may take to reach what this service itself has written.
    public var viewWait: Duration

    /// - Parameter threads: nil for one per processor.
    public init(
        threads: Int? = nil, batchMax: Int = 64, cachedMatchesMax: Int = 512, generationsKept: Int = 5,
        downloadBytesMax: Int64 = 4 << 30, importLimits: ImportLimits = ImportLimits(), tick: Duration = .seconds(30),
        viewWait: Duration = .seconds(300)
    ) {
        self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        precondition(self.threads >= 1 && batchMax >= 1 && cachedMatchesMax >= 1 && generationsKept >= 1)
        self.batchMax = batchMax
        self.cachedMatchesMax = cachedMatchesMax
        self.generationsKept = generationsKept
        self.downloadBytesMax = downloadBytesMax
        self.importLimits = importLimits
        self.tick = tick
        self.viewWait = viewWait
    }
}
