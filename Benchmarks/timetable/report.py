"""Reads the lines of Benchmark.swift and peers.py and prints the table; ends with 1 when a budget is missed."""

import sys

# Nanoseconds (docs: budgets), by the first word of the task; counts have none.
BUDGETS = {"parse": 2000, "next": 1000, "previous": 1000, "occurrence": 1000}
NO_ALLOCATION = {"next, each hour", "occurrence 2 000 000 000 + n"}

tasks = {}
for line in sys.stdin:
    task, peer, nanoseconds, allocations, answers = line.rstrip("\n").split("\t")
    tasks.setdefault(task, {})[peer] = (float(nanoseconds), allocations, answers)

missed = 0
notes = []
print(f"{'task':34}{'Rota ns':>9}{'mallocs':>9}  {'budget':12}peer: times as long")
for task, peers in tasks.items():
    own, allocations, answers = peers.pop("Rota")
    budget = BUDGETS.get(task.replace(",", " ").split()[0])
    verdict = "-"
    if budget:
        kept = own <= budget and not (task in NO_ALLOCATION and float(allocations) > 0)
        verdict = ("PASS" if kept else "FAIL") + f" ≤ {budget}"
        missed += not kept
    ratios = []
    for peer, (nanoseconds, _, others) in peers.items():
        ratios.append(f"{peer} × {nanoseconds / own:,.0f}".replace(",", " "))
        if others == "-":
            continue
        pairs = list(zip(answers.split(","), others.split(","), strict=True))
        wrong = [pair for pair in pairs if pair[0] != pair[1]]
        ratios[-1] += "" if not wrong else " (!)"
        if wrong:
            notes.append(f"{task}: {peer} differs in {len(wrong)} of {len(pairs)} answers, e.g. Rota {wrong[0][0]}, {peer} {wrong[0][1]}")
    print(f"{task:34}{own:9.0f}{float(allocations):9.1f}  {verdict:12}{'; '.join(ratios)}")
for note in notes:
    print("(!)", note)
print(f"{missed} budgets missed" if missed else "all budgets kept")
sys.exit(1 if missed else 0)
