// STF's client does its everyday calls on a phone. Usage: node adbkit.mjs ADB_SERVER_PORT SERIAL APP FOLDER FREE_PORT
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";

import adbkit from "@devicefarmer/adbkit";

import { record } from "./record.mjs";

const [port, serial, app, folder, free] = process.argv.slice(2);
const client = adbkit.Adb.createClient({ host: "127.0.0.1", port: Number(port), noAutoStart: true });
const device = client.getDevice(serial);
const all = adbkit.Adb.util.readAll;
const text = async (stream) => (await all(stream)).toString();
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const ended = (transfer) => new Promise((done, fail) => transfer.on("end", () => done(true)).on("error", fail));
const ACTIVITY = "com.ss.android.ugc.aweme.splash.SplashActivity";
const REMOTE = "/data/local/tmp/from-adbkit.mp4";

async function firstLine(stream) {
  for await (const chunk of stream) {
    const line = chunk.toString().trim();
    if (line) {
      stream.destroy();
      return line.split("\n")[0];
    }
  }
}

await record({
  version: () => client.version(),
  "list devices": async () => (await client.listDevices()).filter((found) => found.id === serial),
  "track devices": () =>
    new Promise((found) => client.trackDevices().then((tracker) => tracker.on("add", (added) => found(added.type)))),
  "get state": () => device.getState(),
  "get serial number": () => device.getSerialNo(), // asks for the path: 3.3.9 takes one command for the other
  "get device path": () => device.getDevicePath(),
  "get properties": () => device.getProperties(),
  "get features": () => device.getFeatures(),
  "get packages": () => device.getPackages(),
  "get own packages": () => device.getPackages("-3"),
  "is installed": () => device.isInstalled(app),
  "is not installed": () => device.isInstalled("com.example.nowhere"),
  shell: async () => text(await device.shell("echo one two")),
  "shell of words": async () => text(await device.shell(["echo", "it's", "a;b"])),
  "shell with a pipe": async () => text(await device.shell("getprop | grep ro.product.model | wc -l")),
  push: async () => ended(await device.push(createReadStream(join(folder, "video.mp4")), REMOTE)),
  "push a stream": async () => ended(await device.push(Readable.from([Buffer.from("hello")]), "/sdcard/hello.txt")),
  stat: async () => (await device.stat(REMOTE)).size,
  "stat of nothing": () => device.stat("/sdcard/nothing.mp4"),
  pull: async () => sha256(await all(await device.pull(REMOTE))),
  "list a folder": async () => (await device.readdir("/data/local/tmp")).map((entry) => entry.name),
  "start an activity": () => device.startActivity({ component: `${app}/${ACTIVITY}`, wait: true }),
  "start no activity": () => device.startActivity({ component: `${app}/.Nothing` }),
  screencap: async () => {
    const picture = await all(await device.screencap());
    return [picture.subarray(1, 4).toString(), picture.readUInt32BE(16), picture.readUInt32BE(20)];
  },
  framebuffer: async () => {
    const stream = await device.framebuffer("raw");
    stream.on("error", () => {}).resume();
    await finished(stream).catch(() => {});
    return Boolean(stream.meta);
  },
  forward: () => device.forward(`tcp:${free}`, "tcp:9008"),
  "list forwards": async () => (await device.listForwards()).map((found) => found.remote),
  reverse: () => device.reverse("tcp:21992", `tcp:${free}`),
  "list reverses": async () => (await device.listReverses()).map((found) => found.remote),
  root: () => device.root(),
  "follow the log": async () => firstLine(await device.shell("logcat -v threadtime")),
  clear: () => device.clear(app),
  uninstall: () => device.uninstall("com.example.nowhere"),
  "wait for the boot": () => device.waitBootComplete(),
  reboot: () => device.reboot(),
  "is gone": async () => {
    while ((await client.listDevices()).some((found) => found.id === serial && found.type === "device"));
    return true;
  },
  "wait for the device": async () => (await device.waitForDevice()).serial ?? true,
  "wait for the next boot": () => device.waitBootComplete(),
  "is booted": async () => text(await device.shell("getprop sys.boot_completed")),
});
