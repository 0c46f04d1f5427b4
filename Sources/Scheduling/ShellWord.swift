extension String {
    /// The text as one word of any POSIX shell: in single quotes. A quote that is one character with the accent behind it is a quote all the
    /// same, for a shell reads bytes.
    package var shellWord: String {
        let parts = unicodeScalars.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.map { String($0) }.joined(separator: #"'\''"#) + "'"
    }
}
