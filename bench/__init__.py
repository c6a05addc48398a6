"""What archiving costs beside the script that most people would write, and beside the least it could cost.

`python -m bench` starts a Console and an AWS emulator, each a process of its own, and measures every workload
in a fresh process: CPU time of the work, because that is what other work on the machine changes least, and
the peak memory of the whole process.

survey/   an export on disk is read: ours, the peer's, the floor's way, and the bare parser's
run/      an export is taken from a Console and put into S3: ours, the peer's, the floor's way
proof     an entry is proven: ours, the floor's way
retrieve/ a copy of that archive is searched: ours, the peer's, and `zcat | grep`
verify    the audit of the archive that a run made, every byte of it: ours, and the floor's way
days/     the runs that everybody has: idle, a day of entries, a first archive, a cold start
measure   a fresh process (child) for one workload, and what it took
world     the Console, the AWS and the export that workloads need
plan      what is measured, how often
table     ratios, as a table or as JSON
record    what was measured, with the machine, as a file that is kept
picture   the same as a picture

Each workload is a module of its own, because what it imports counts as its memory.
"""
