"""``corpus-tuner index merge``."""

from corpus_tuner.cli import options as opt
from corpus_tuner.cli import output as out
from corpus_tuner.core.counts import format_count


def merge(index: opt.IndexFolder) -> None:
    """Merge all segments into one, without removed documents.

    No document is encoded again.
    """
    from corpus_tuner.building.merge import merge as merge_index
    from corpus_tuner.core.progress import show_activity

    with show_activity("merging segments"):
        manifest = merge_index(index)
    out.print_line(
        f"{index}: {format_count(manifest.documents, 'document')} in "
        f"{format_count(len(manifest.segments), 'segment')}, {manifest.bytes / 2**20:.1f} MiB"
    )
