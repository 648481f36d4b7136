public import EventLogPort
public import Foundation
public import HTTPPort
public import Logging

/// What a service is given from outside. A composition makes it; no service can tell which adapters are behind it.
public struct Ports: Sendable {
    public var log: any EventLog
    public var transport: any HTTPTransport
    /// The clock for waiting, and the times that are stored.
    public var time: TimeSource
    /// Where the service may keep files: its views, its spool, its cache. Everything but the spool may be deleted.
    public var folder: URL
    /// Names this process in records, such as `scanner-7f3a`.
    public var instance: String
    public var logger: Logger
    /// Where the parts of the service report whether they can do their work.
    public var readiness: Readiness

    public init(
        log: any EventLog, transport: any HTTPTransport, time: TimeSource, folder: URL, instance: String,
        logger: Logger, readiness: Readiness = Readiness()
    ) {
        self.log = log
        self.transport = transport
        self.time = time
        self.folder = folder
        self.instance = instance
        self.logger = logger
        self.readiness = readiness
    }
}
