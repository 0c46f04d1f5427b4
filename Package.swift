// swift-tools-version: 6.2
import PackageDescription

// The arrows between targets run one way, and this list is their only source: a target may import what stands in its
// `dependencies` and nothing else (`--explicit-target-dependency-import-check error` in scripts/build refuses the rest),
// and SwiftPM refuses a cycle. ArchitectureTests holds the list against the picture in docs/architecture.md.

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let c: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-Wall", "-Wextra", "-Wno-c23-extensions"]),
]

let package = Package(
    name: "rota",
    products: [
        .executable(name: "rota", targets: ["rota"]),
        .executable(name: "rota-keeper", targets: ["rota-keeper"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
    ],
    targets: [
        // Functional core: the standard library alone.
        .target(name: "Timetable", swiftSettings: swift),
        .target(name: "Scheduling", dependencies: ["Timetable"], swiftSettings: swift),

        // Adapters: each the only place of one third-party package or of the operating system; none imports another.
        .target(
            name: "JobFiles",
            dependencies: ["CPlatform", "CMessageDigest", "Scheduling", "Timetable", .product(name: "Yams", package: "Yams")],
            swiftSettings: swift
        ),
        .target(
            name: "RunHistory",
            dependencies: ["CAssets", "Scheduling", "Timetable", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: swift
        ),
        .target(name: "Execution", dependencies: ["CPlatform", "Scheduling", "Timetable"], swiftSettings: swift),

        // Imperative shell.
        .target(
            name: "Daemon",
            dependencies: [
                "CPlatform", "Execution", "JobFiles", "RunHistory", "Scheduling", "Timetable",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift
        ),
        .target(
            name: "Web",
            dependencies: [
                "Daemon", "JobFiles", "RunHistory", "Scheduling", "Timetable",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift
        ),
        .target(
            name: "Client",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swift
        ),
        .executableTarget(
            name: "rota",
            dependencies: [
                "Client", "Daemon", "Execution", "JobFiles", "RunHistory", "Scheduling", "Timetable", "Web",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift
        ),

        // C, where Swift cannot, or costs a launch dear.
        // Linked against libc alone: the runtime of Swift, which the driver adds, would double the keeper's memory.
        .executableTarget(
            name: "rota-keeper",
            exclude: ["link.cfg"],
            cSettings: c,
            linkerSettings: [
                .unsafeFlags(["-no-toolchain-stdlib-rpath"], .when(configuration: .release)),
                .unsafeFlags(["-nostartfiles", "-Xclang-linker", "--config=\(Context.packageDirectory)/Sources/rota-keeper/link.cfg"]),
            ]
        ),
        .target(name: "CPlatform", cSettings: c),
        .target(name: "CAssets", cSettings: c),
        .systemLibrary(name: "CMessageDigest", providers: [.apt(["libmd-dev"])]),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["Daemon", "Execution", "Scheduling", "Timetable"],
            path: "Tests/TestSupport",
            swiftSettings: swift
        ),
        .testTarget(name: "TimetableTests", dependencies: ["Timetable"], swiftSettings: swift),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "TestSupport", "Timetable"], swiftSettings: swift),
        .testTarget(name: "JobFilesTests", dependencies: ["JobFiles", "Scheduling", "TestSupport", "Timetable"], swiftSettings: swift),
        .testTarget(
            name: "RunHistoryTests",
            dependencies: ["RunHistory", "Scheduling", "TestSupport", "Timetable", .product(name: "GRDB", package: "GRDB.swift")],
            exclude: ["Ledgers"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "ExecutionTests",
            dependencies: ["CPlatform", "Execution", "Scheduling", "TestSupport", "Timetable"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Daemon", "Execution", "JobFiles", "RunHistory", "Scheduling", "TestSupport", "Timetable",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Client", "Daemon", "RunHistory", "Scheduling", "TestSupport", "Timetable", "Web",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "CommandTests", dependencies: ["Execution", "JobFiles", "TestSupport", "Timetable", "rota", "rota-keeper"],
            swiftSettings: swift),
    ],
    swiftLanguageModes: [.v6]
)
