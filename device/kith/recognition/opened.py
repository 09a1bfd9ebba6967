"""A gallery's file as it is opened, for the networks whose templates it is to hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from kith.errors import GalleryError, GalleryModelMismatch
from kith.recognition import erasing, template_rows
from kith.recognition.faults import translated
from kith.recognition.store import Store
from kith.types import Kind


class OpenedGallery:
    """Opening, following and closing; what is read and changed is `Gallery`'s."""

    def __init__(self, store: Store, model_id: str | None, thing_model_id: str | None) -> None:
        self._store = store
        self._networks = {Kind.PERSON: model_id, Kind.THING: thing_model_id}

    @classmethod
    def open(cls, path: Path, model_id: str | None, thing_model_id: str | None = None) -> Self:
        """Open or create the gallery for the templates of one network for faces and one for things; with None
        those of that kind can only be listed, renamed and forgotten. Things that another network was taught
        stay and are no reason to refuse: they are not matched. Raises GalleryCorrupt, GallerySchemaTooNew,
        GalleryModelMismatch, GalleryFull or GalleryError."""
        gallery = cls(Store.open(path), model_id, thing_model_id)
        try:
            erasing.finish(gallery._store)
            erasing.sweep_if_possible(gallery._store)
            gallery._check_model()
        except BaseException:
            gallery.close()
            raise
        return gallery

    @classmethod
    @contextmanager
    def looked_at(cls, path: Path, model_id: str | None, thing_model_id: str | None = None) -> Iterator[Self]:
        """The gallery for reading alone, without changing anything. Raises as `open`, and GalleryCorrupt also
        for damage that the next opening mends."""
        with Store.looked_at(path) as store:
            gallery = cls(store, model_id, thing_model_id)
            gallery._check_model()
            yield gallery

    @property
    def restored(self) -> bool:
        """The file was damaged and its backup took its place when it was opened."""
        return self._store.restored

    @property
    def obstacle(self) -> GalleryError | None:
        """Why nothing can be changed (the disk is full or read-only), or None."""
        return self._store.obstacle

    @property
    def version(self) -> tuple[int, int]:
        """Another value after every change, whoever made it. Goes over to another file where another program
        put one in this one's place; raises then what `open` raises."""
        if self._store.follow():
            erasing.finish(self._store)
            self._check_model()
        with translated(self._store.path):
            others = self._store.connection.execute("PRAGMA data_version").fetchone()[0]
        return self._store.changes, others

    @property
    def thing_model_id(self) -> str | None:
        """The network for things that it was opened for."""
        return self._networks[Kind.THING]

    def close(self) -> None:
        """May be called twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _folder(self) -> Path:
        return self._store.path.parent

    def _network(self, kind: Kind) -> str:
        model_id = self._networks[kind]
        if model_id is None:
            raise GalleryModelMismatch(f"the gallery was opened without naming a network for a {kind}")
        return model_id

    def _check_model(self) -> None:
        model_id = self._networks[Kind.PERSON]
        if model_id is None:
            return
        with translated(self._store.path):
            other = template_rows.of_another_network(self._store.connection, model_id)
        if other is not None:
            raise GalleryModelMismatch(
                f"{self._store.path} holds templates of {other[1]} people made by the network {other[0]}, "
                f"and this Kith runs {model_id}; forget them with `kith people forget` and enrol them "
                f"again"
            )
