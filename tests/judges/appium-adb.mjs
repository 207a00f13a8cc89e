// Appium's client does its everyday calls on a phone. Usage: node appium-adb.mjs ADB ADB_SERVER_PORT SERIAL APP FOLDER FREE_PORT
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ADB } from "appium-adb";

import { record } from "./record.mjs";

const [path, port, serial, app, folder, free] = process.argv.slice(2);
const adb = new ADB({ executable: { path, defaultArgs: [] }, adbPort: Number(port), udid: serial });
const sha256 = (file) => createHash("sha256").update(readFileSync(join(folder, file))).digest("hex");
const REMOTE = "/data/local/tmp/from-appium.mp4";
const ACTIVITY = "com.ss.android.ugc.aweme.splash.SplashActivity";
const KEYBOARD = "com.android.inputmethod.latin/.LatinIME";

await record({
  "connected devices": async () => (await adb.getConnectedDevices()).filter((found) => found.udid === serial),
  "API level": () => adb.getApiLevel(),
  "platform version": () => adb.getPlatformVersion(),
  model: () => adb.getModel(),
  manufacturer: () => adb.getManufacturer(),
  locale: () => adb.getDeviceSysLocale(),
  "time zone": () => adb.getTimeZone(),
  "screen size": () => adb.getScreenSize(),
  "screen density": () => adb.getScreenDensity(),
  orientation: () => adb.getScreenOrientation(),
  "is installed": () => adb.isAppInstalled(app),
  "is not installed": () => adb.isAppInstalled("com.example.nowhere"),
  "installed packages": async () => (await adb.listInstalledPackages()).map((found) => found.appPackage),
  "package info": () => adb.getPackageInfo(app),
  "launchable activity": () => adb.resolveLaunchableActivity(app),
  "start an app": async () => (await adb.startApp({ pkg: app, activity: ACTIVITY })).includes("Status: ok"),
  "start no app": () => adb.startApp({ pkg: app, activity: ".Nothing", retry: false }),
  "activate an app": () => adb.activateApp(app),
  "focused activity": () => adb.getFocusedPackageAndActivity(),
  "wait for an activity": () => adb.waitForActivity(app, ACTIVITY, 5000),
  "process exists": () => adb.processExists(app),
  "process ids": () => adb.getProcessIdsByName(app),
  "process name": async () => adb.getProcessNameById((await adb.getProcessIdsByName(app))[0]),
  "is running": () => adb.isAppRunning(app),
  "start a URI": () => adb.startUri("https://www.tiktok.com/music/Summer-Day-7001?a=1&b='2'", app),
  "start no URI": () => adb.startUri("https://example.com/", app),
  "force stop": () => adb.forceStop(app),
  "is stopped": async () => !(await adb.isAppRunning(app)),
  "available input methods": () => adb.availableIMEs(),
  "enabled input methods": () => adb.enabledIMEs(),
  "default input method": () => adb.defaultIME(),
  "set the input method": () => adb.setIME(KEYBOARD),
  "keyboard shown": () => adb.isSoftKeyboardPresent(),
  "hide the keyboard": () => adb.hideKeyboard(),
  "type a text": () => adb.inputText("it's (not) \"a & b\""),
  "press a key": () => adb.keyevent(3),
  "is locked": () => adb.isScreenLocked(),
  lock: async () => {
    await adb.lock();
    return adb.isScreenLocked();
  },
  "dismiss the keyguard": async () => {
    await adb.dismissKeyguard();
    return adb.isScreenLocked();
  },
  "put a setting": () => adb.setSetting("global", "fleetlane_judged", "it's 1"),
  "get a setting": () => adb.getSetting("global", "fleetlane_judged"),
  "animations are on": () => adb.isAnimationOn(),
  push: () => adb.push(join(folder, "video.mp4"), REMOTE),
  "file exists": () => adb.fileExists(REMOTE),
  "file does not exist": () => adb.fileExists("/sdcard/it's nothing"),
  "file size": () => adb.fileSize(REMOTE),
  "list a folder": () => adb.ls("/data/local/tmp"),
  "list nothing": () => adb.ls("/sdcard/nothing"),
  "make a folder": async () => {
    await adb.mkdir("/sdcard/it's a folder");
    return adb.fileExists("/sdcard/it's a folder");
  },
  pull: async () => {
    await adb.pull(REMOTE, join(folder, "pulled.mp4"));
    return sha256("pulled.mp4");
  },
  "remove a file": async () => {
    await adb.rimraf(REMOTE);
    return adb.fileExists(REMOTE);
  },
  screenshot: async () => (await adb.takeScreenshot()).subarray(1, 4).toString(),
  "shell that fails": () => adb.shell(["ls", "/sdcard/nothing"]),
  "shell with both streams": () => adb.shell(["echo out; ls /sdcard/nothing; true"], { outputFormat: "full" }),
  "a quoted command": () => adb.shell(["echo 'a  b' \"$EXTERNAL_STORAGE\" $(echo c) | tr c d"]),
  forward: () => adb.forwardPort(free, 9008),
  "list forwards": () => adb.getForwardList(),
  reverse: () => adb.reversePort(free, 21996),
  "list reverses": () => adb.getReverseList(),
  "remove a forward": () => adb.removePortForward(free),
  "remove a reverse": () => adb.removePortReverse(free),
  ping: () => adb.ping(),
  "wait for the device": () => adb.waitForDevice(10),
  "is root": () => adb.isRoot(),
  root: () => adb.adbExec(["root"]),
  "granted permissions": async () => {
    await adb.grantPermission(app, "android.permission.CAMERA");
    return adb.getGrantedPermissions(app);
  },
  "revoke a permission": async () => {
    await adb.revokePermission(app, "android.permission.CAMERA");
    return (await adb.getGrantedPermissions(app)).includes("android.permission.CAMERA");
  },
  log: async () => {
    await adb.startLogcat({ format: "threadtime" });
    const logs = adb.getLogcatLogs();
    await adb.stopLogcat();
    return logs.length > 0;
  },
  "wait for the boot": () => adb.waitForEmulatorReady(5000),
  clear: () => adb.clear(app),
});
