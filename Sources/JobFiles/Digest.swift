import CMessageDigest

/// SHA-256 of `text`, as 64 lower-case hexadecimal digits.
func sha256(_ text: String) -> String {
    let digest = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digest in
        var context = SHA2_CTX()
        SHA256Init(&context)
        var text = text
        text.withUTF8 { SHA256Update(&context, $0.baseAddress, $0.count) }
        SHA256Final(digest.baseAddress, &context)
        return Array(digest)
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
