import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks the scheduler over its Unix socket, one HTTP/1.1 request a connection.
package struct SocketClient: Sendable {
    package struct Answer: Sendable {
        package let status: Int
        package let body: String
    }

    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// A socket's path holds at most 107 bytes.
        case pathTooLong(String)
        /// Nobody listens.
        case noScheduler(socket: String)
        case notAllowed(socket: String)
        case brokenOff(detail: String)

        package var description: String {
            switch self {
            case .pathTooLong(let path): "the path \(path) has more than 107 bytes, which no socket can have; use a shorter state folder"
            case .noScheduler(let socket):
                "no scheduler listens at \(socket); start one with `rota serve`, or name its state folder with --state"
            case .notAllowed(let socket): "this user may not use \(socket); run the command as the user who runs the scheduler"
            case .brokenOff(let detail): "the scheduler broke the connection off (\(detail)); look at `rota status` before you ask again"
            }
        }
    }

    private let socket: String

    package init(socket: String) throws(Failure) {
        guard socket.utf8.count <= 107 else { throw .pathTooLong(socket) }
        self.socket = socket
    }

    /// Sends one request and waits for its answer.
    ///
    /// - Throws: `brokenOff` when none came within `limit`: the request may have been carried out or not.
    package func send(_ method: String, _ path: String, json: String? = nil, within limit: Duration) async throws(Failure) -> Answer {
        let span = TimeAmount(limit)
        let deadline = NIODeadline.now() + span
        do {
            return try await exchange(method, path, json: json, within: span)
        } catch let error as IOError where [ENOENT, ECONNREFUSED].contains(error.errnoCode) {
            throw .noScheduler(socket: socket)
        } catch let error as IOError where [EACCES, EPERM].contains(error.errnoCode) {
            throw .notAllowed(socket: socket)
        } catch _ where NIODeadline.now() >= deadline {
            throw .brokenOff(detail: "no answer came within \(limit.components.seconds) s")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .brokenOff(detail: "\(error)")
        }
    }

    /// The connection is closed under an exchange that takes longer than `limit`.
    private func exchange(_ method: String, _ path: String, json: String?, within limit: TimeAmount) async throws -> Answer {
        let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(limit)
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(wrappingChannelSynchronously: channel)
                }
            }
        let channel = connection.channel
        let breakOff = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        defer { breakOff.cancel() }
        return try await connection.executeThenClose { inbound, outbound in
            var headers = HTTPHeaders([("Host", "localhost"), ("Connection", "close"), ("Accept", "application/json")])
            let body = ByteBuffer(string: json ?? "")
            if json != nil { headers.add(name: "Content-Type", value: "application/json") }
            headers.add(name: "Content-Length", value: "\(body.readableBytes)")
            let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: headers)
            // At once: whoever answers before it has read all closes the connection, and what is still to be written fails. Its answer counts.
            var refusal: (any Error)?
            do { try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(body)), .end(nil)]) } catch { refusal = error }
            guard let answer = try await SocketClient.answer(from: inbound) else {
                throw refusal ?? Failure.brokenOff(detail: "no answer came")
            }
            return answer
        }
    }

    /// nil when the connection ends before there is a whole one.
    private static func answer(from inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Answer? {
        var status = 0
        var body = ByteBuffer()
        for try await part in inbound {
            switch part {
            case .head(let head): status = Int(head.status.code)
            case .body(var chunk): body.writeBuffer(&chunk)
            case .end: return Answer(status: status, body: String(buffer: body))
            }
        }
        return nil
    }
}
