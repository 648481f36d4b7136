public import EventLogPort

extension RecordDraft {
    /// The same record as a newer version would write it: of a schema that this program does not know.
    public var newer: RecordDraft {
        var draft = self
        draft.headers = headers.map { header in
            header.name == "pratique-schema" ? Header(header.name, String((Int(header.value) ?? 1) + 1)) : header
        }
        return draft
    }
}
