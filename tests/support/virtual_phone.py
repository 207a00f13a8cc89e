"""A simulated phone in virtual time, without the wire: one app, a clock, and a log of its complaints."""

from __future__ import annotations

from fleetlane.simulator.ledger import Ledger
from fleetlane.simulator.models.loader import BUILTIN_FOLDER, builtin_models, load_model
from fleetlane.simulator.phone import PhoneFacts, SimPhone, standard_account
from fleetlane.simulator.shell import commands, interpreter
from support.clock import ManualClock
from support.rig import VIDEO

assert commands  # imported for the commands it registers
TIKTOK = "com.zhiliaoapp.musically"
INSTAGRAM = "com.instagram.android"
MODELS = builtin_models()
SYSTEM = load_model(BUILTIN_FOLDER / "_system.yaml")
SHARE = f"{TIKTOK}/com.ss.android.ugc.aweme.share.SystemShareActivity"


class Handset:
    """A phone with one app and a clock, and a log of what it complained about."""

    def __init__(self, package=TIKTOK, accounts=("lane01",), **facts):
        self.clock = ManualClock()
        self.ledger = Ledger()
        self.complaints: list[str] = []
        self.phone = SimPhone(PhoneFacts("s", **facts), SYSTEM, self.clock, self.ledger, self.complaints.append)
        model = next(model for model in MODELS if package in model.packages)
        self.app = self.phone.install(model, package)
        self.app.data["first_run"] = False
        for handle in accounts:
            standard_account(self.app, handle, handle.title())

    def sh(self, line: str):
        return interpreter.run(self.phone, line)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.phone.settle()

    def nodes(self, role: str):
        return [n for root in self.phone.windows() for n in root.walk() if n.role == role]

    def node(self, role: str):
        assert self.nodes(role), (role, self.app.stack, self.texts())
        return self.nodes(role)[-1]

    def tap(self, role: str) -> None:
        left, top, right, bottom = self.node(role).bounds
        self.phone.tap((left + right) // 2, (top + bottom) // 2)

    def share_video(self, options: str = "--grant-read-uri-permission"):
        self.phone.files.write("/sdcard/Movies/a.mp4", VIDEO.read_bytes(), 0o644, 1)
        row = self.phone.media.scan_file("/sdcard/Movies/a.mp4", int(self.clock.wall_s()))
        return self.sh(
            f"am start -a android.intent.action.SEND -t video/mp4 --eu android.intent.extra.STREAM {row.uri} "
            f"{options} -f 0x10000000 -n {SHARE}"
        )

    def _find(self, holds, what):
        nodes = [n for root in self.phone.windows() for n in root.walk() if holds(n)]
        shown = [n.text or n.desc for root in self.phone.windows() for n in root.walk() if n.text or n.desc]
        assert nodes, (what, self.app.stack, shown)
        return nodes[-1]

    def tap_on(self, node, *, long: bool = False) -> None:
        left, top, right, bottom = node.bounds
        self.phone.tap((left + right) // 2, (top + bottom) // 2, long=long)
        self.wait(2)

    def go(self, *labels: str) -> None:
        """Tap what shows each text, description or id role in turn, and let things happen after each."""
        for label in labels:
            self.tap_on(self._find(lambda n, label=label: label in (n.text, n.desc, n.role), label))

    def type(self, text: str) -> None:
        assert self.phone.foreground.type_text(text)

    def texts(self) -> list[str]:
        return [n.text for root in self.phone.windows() for n in root.walk() if n.text]

    def media(self, *names: str) -> None:
        """Put files into the gallery, a second apart: the last one is the newest."""
        for name in names:
            data = VIDEO.read_bytes() if name.endswith(".mp4") else name.encode()
            self.phone.files.write(f"/sdcard/{name}", data, 0o644, 1)
            self.phone.media.scan_file(f"/sdcard/{name}", int(self.phone.wall_s()))
            self.wait(1.1)

    def allow_all(self) -> None:
        for permission in ("media", "camera", "audio", "notifications"):
            held = self.phone.permissions.granted.setdefault(self.app.package.name, set())
            held.update(self.phone.permissions.names(permission))
