"""Open encoders by their settings."""

from collections.abc import Sequence

from corpus_tuner.core.cache import get_cache_folder
from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.encoders.encoder import Encoder, EncoderSettings, QueryEncoder
from corpus_tuner.errors import SearchIndexError


def open_encoder(
    settings: EncoderSettings | None = None,
    fingerprint: str | None = None,
    languages: Sequence[str] = ("en",),
) -> Encoder:
    """Open an encoder: without PyTorch, if it is embedded or was exported to CTranslate2 before.

    Parameters
    ----------
    settings
        Settings of the encoder; ``auto`` by default.
    fingerprint
        Fingerprint of the encoder, if it is known. Another encoder may be opened if `settings` name
        another one now.
    languages
        Languages of the texts, ISO 639-1; they decide what ``auto`` is.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted, or needs PyTorch and that is not installed.
    """
    import ctranslate2

    from corpus_tuner.encoders import ctranslate2_encoder, embedded

    settings = embedded.resolve_auto(settings or EncoderSettings(), languages)
    if settings.device == "cpu" or not ctranslate2.get_cuda_device_count():
        exported = ctranslate2_encoder.find_encoder(settings, fingerprint)
        if exported:
            return exported
    try:
        from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder
    except ImportError as error:
        problem = describe_missing_extra(f"the encoder {settings.name!r}, as it is set,", "build")
        if settings.name in embedded.NAMES:
            problem += (
                ". It does without on a CPU (encoder.device=cpu) in int8 or float32 "
                f"(encoder.dtype=auto), if {get_cache_folder()} can be written to"
            )
        raise SearchIndexError(problem) from error
    return SentenceTransformerEncoder(settings)


def open_query_encoder(settings: EncoderSettings, fingerprint: str) -> QueryEncoder:
    """Open an encoder for queries only: within a second, if it was exported before.

    Another encoder than that of `fingerprint` may be opened if `settings` name another one now.

    Raises
    ------
    SearchIndexError
        If it cannot be found, fetched or trusted.
    """
    from corpus_tuner.encoders import ctranslate2_encoder

    return ctranslate2_encoder.find_query_encoder(settings, fingerprint) or open_encoder(settings)
