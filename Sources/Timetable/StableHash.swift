/// A number drawn from a text, the same in every process and on every machine: FNV-1a over 64 bits, its bits then mixed, so that
/// texts that differ in their last letter only are spread over small ranges too.
package func stableHash(of text: String, salt: UInt8) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ UInt64(salt)) &* 0x100_0000_01B3
    hash = (hash ^ hash >> 32) &* 0xD6E8_FEB8_6659_FD93
    hash = (hash ^ hash >> 32) &* 0xD6E8_FEB8_6659_FD93
    return hash ^ hash >> 32
}
