/// What a look at the open runs is over there.
extension SlurmRemote {
    /// How many bytes of output one look brings, of runs that are over and of those that go on.
    struct Budget: Hashable, Sendable {
        var ofOver = 2 << 20
        var ofLive = 1 << 20
    }

    /// - Parameter listing: The arguments of squeue.
    func script(_ subjects: [SlurmPoll.Subject], listing arguments: [String], _ budget: Budget) -> RemoteScript {
        var script = script()
        // A controller that does not answer leaves time for the folders.
        let limit = max(1, commands.settings.commandLimit.wholeMilliseconds / 1000)
        script.add("limit=; ! command -v timeout >/dev/null || limit='timeout -k 1 \(limit)'")
        script.add("b squeue\n$limit \(SlurmCommands.remoteText(commands.settings, .squeue, arguments)) </dev/null\nb status $?")
        script.add(Self.functions)
        // 3 is the answer, 4 what is told to the choice; the names of folders and files go to find.
        script.add("{ { {")
        script.add(
            "cat >&4", reading: subjects.filter(\.hasBegun).flatMap { RunMirror(place.folder($0.run)).sizes() }.joined(separator: "\n"))
        let lines = subjects.map { "\($0.run) \($0.isStartTold && !$0.isSilent ? 1 : 0) \($0.isSilent ? 1 : 0)" }
        script.add("while read -r run known over_now; do \(Self.lookIntoFolder); done", reading: lines.joined(separator: "\n"))
        script.add("} | \(Self.sizes); } 4>&1 |")
        script.add("awk -v whole=\(budget.ofOver) -v live=\(budget.ofLive) '\(Self.choice)' | \(Self.reading)\n} 3>&1")
        return script
    }

    /// Files are shown by the shell's own words, for a process for each would cost more than all else. A name is missing when a list of all
    /// names has it not: that a folder cannot be looked at may have other causes.
    private static let functions = #"""
        show() { while IFS= read -r line; do printf '%s\n' "$line"; done <"$1"; }
        listed= newline='
        '
        absent() {
            [ -n "$listed" ] || { listed=no; names=$(LC_ALL=C ls -A . 2>/dev/null) && listed=yes; }
            case "$listed $newline$names$newline" in
            yes*"$newline$1$newline"*) m unread "$1" ;;
            yes*) m missing "$1" ;;
            *) m unread "$1" ;;
            esac
        }
        """#

    /// The outcome is read first: what the run wrote before it is there then.
    private static let lookIntoFolder = #"""

        [ -d "./$run" ] || { [ -z "$run" ] || absent "$run" >&3; continue; }
        [ -e "./$run/claim" ] || [ -e "./$run/slurm" ] || continue
        if [ -e "./$run/outcome" ]; then
            { m outcome "$run"; show "./$run/outcome"; } >&3
            over_now=1
            handed=./$run/output/env
            if [ -f "$handed" ] && [ ! -L "$handed" ]; then printf '%s\n' "$handed"; fi
        fi
        if [ "$known" = 0 ] && [ -e "./$run/claim" ]; then { m claim "$run"; show "./$run/claim"; } >&3; fi
        [ "$over_now" = 0 ] || printf 'O %s\n' "$run" >&4
        printf './%s\n' "$run"
        """#

    /// What find complains of comes after what it found, and never in the middle of a line.
    private static let sizes = #"""
        { xargs -r -d '\n' sh -c '
            { errors=$(LC_ALL=C find "$@" -maxdepth 1 -ignore_readdir_race -type f \( -name "stdout*" -o -name "stderr*" -o -name index \
                -o -name slurm -o -path "*/output/env" \) -printf "F %p %s\n" 2>&1 >&5); } 5>&1
            [ -z "$errors" ] || printf "%s\n" "$errors" | while IFS= read -r line; do printf "E %s\n" "$line"; done
            ' find || echo E; } | LC_ALL=C sort
        """#

    /// K: what is here already; O: what is over; E: what could not be listed; F: what is there. A stream comes in its order: what follows a
    /// piece that is cut off waits for the next look. The index comes before the bytes that it tells of, with its last lines once more: those
    /// may have grown in place. What was handed on comes when nothing else of the run is missing.
    private static let choice = #"""
        function text(number) { return sprintf("%.0f", number) }
        function later(run) { if (run in over) more[run] = 1 }
        function want(word, path, run, from, count) {
            if (run in over) whole -= count; else live -= count
            wanted[++wants] = word " " path " " text(from) " " text(count)
        }
        function takeIndex(path, size, run,    from, left, most) {
            from = known[path] - 8 * line
            if (from < 0) from = 0
            left = size - from
            if (left <= 0) return
            most = (run in over) ? whole : live
            if (most > 10000 * line) most = 10000 * line
            most -= most % line
            if (left > most) {
                blocked[run] = 1
                later(run)
                if (most < 20 * line) return
                left = most
            }
            want("get", path, run, from, left)
        }
        function take(path, size, run, stream,    from, left, most) {
            from = known[path] + 0
            left = size - from
            if (left <= 0 || held[stream]) return
            most = (run in over) ? whole : (share < live ? share : live)
            if (left > most) { left = most; held[stream] = 1; later(run) }
            if (left > 0) want("get", path, run, from, left)
        }
        BEGIN { line = 47 }
        $1 == "K" { known[$2] = $3; next }
        $1 == "O" { over[$2] = 1; next }
        $1 == "E" {
            if (match($0, /\.\/[A-Za-z0-9_.-]+/)) unlisted[substr($0, RSTART + 2, RLENGTH - 2)] = 1; else unlisted["*"] = 1
            next
        }
        $1 == "F" {
            there[$2] = 1
            if (split($2, parts, "/") == 4) { handed[parts[2]] = $2; lengths[parts[2]] = $3 > 65537 ? 65537 : $3 + 0; next }
            paths[++count] = $2; sizes[count] = $3; runs[count] = parts[2]; names[count] = parts[3]; seen[parts[2]] = 1
            if ($3 > known[$2] && parts[3] != "index") fresh[parts[2]] = 1
            if (!(parts[2] in over) && $3 > known[$2] && !(parts[2] in busy)) { busy[parts[2]] = 1; lives++ }
        }
        END {
            share = lives ? live / lives : live
            share = share < 4096 ? 4096 : int(share)
            for (i = 1; i <= count; i++)
                if (names[i] == "index" && ((runs[i] in fresh) || sizes[i] != known[paths[i]])) takeIndex(paths[i], sizes[i], runs[i])
            for (i = 1; i <= count; i++)
                if (names[i] != "index" && !(runs[i] in blocked)) take(paths[i], sizes[i], runs[i], runs[i] "/" substr(names[i], 1, 6))
            for (run in handed)
                if (!(run in more)) { if (whole > 0) want("handed", handed[run], run, 0, lengths[run]); else more[run] = 1 }
            for (run in unlisted) print "unlisted", run
            for (run in more) print "more", run
            for (path in known) { split(path, parts, "/"); if (!(path in there) && (parts[2] in seen)) print "gone", path }
            for (i = 1; i <= wants; i++) print wanted[i]
        }
        """#

    private static let reading = #"""
        while read -r what path from count; do
            m $what "$path" $from $count
            [ -z "$count" ] || dd if="$path" bs=65536 iflag=skip_bytes,count_bytes skip="$from" count="$count" status=none 2>/dev/null
        done
        """#
}
