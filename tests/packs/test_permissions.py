"""Android's questions for permissions, in the languages of Android, over an app: which it is, and what is tapped."""

from __future__ import annotations

import pytest

from fleetlane.core.screens.recognition import recognise
from fleetlane.scripts.packs import load_packs
from support.trees import view_of

QUESTIONS = {
    "perm_media": {
        "en": "Allow TikTok to access photos and videos on this device?",
        "zh": "允许“TikTok”访问此设备上的照片和视频吗？",
        "zh-TW": "要允許「TikTok」存取這部裝置上的相片和影片嗎？",
        "id": "Izinkan TikTok mengakses foto dan video di perangkat ini?",
        "ru": "Предоставить приложению TikTok доступ к фото и видео на этом устройстве?",
        "fr": "Autoriser TikTok à accéder aux photos et aux vidéos sur cet appareil ?",
        "es": "¿Permitir que TikTok acceda a las fotos y los vídeos de este dispositivo?",
        "es-US": "¿Permitir que TikTok acceda a tus fotos y videos en este dispositivo?",
        "pt": "Permitir que o app TikTok acesse fotos e vídeos neste dispositivo?",
        "vi": "Cho phép TikTok truy cập vào ảnh và video trên thiết bị này?",
        "th": "อนุญาตให้ TikTok เข้าถึงรูปภาพและวิดีโอในอุปกรณ์นี้ไหม",
    },
    "perm_camera": {
        "en": "Allow Instagram to take pictures and record video?",
        "zh": "允许“Instagram”拍摄照片和录制视频吗？",
        "zh-TW": "要允許「Instagram」拍攝相片及錄製影片嗎？",
        "id": "Izinkan Instagram mengambil gambar dan merekam video?",
        "ru": "Разрешить приложению Instagram снимать фото и видео?",
        "fr": "Autoriser Instagram à prendre des photos et à enregistrer des vidéos ?",
        "es": "¿Permitir que Instagram haga fotos y grabe vídeos?",
        "es-US": "¿Permitir que Instagram tome fotos y grabe videos?",
        "pt": "Permitir que o app Instagram tire fotos e grave vídeos?",
        "vi": "Cho phép Instagram chụp ảnh và quay video?",
        "th": "อนุญาตให้ Instagram ถ่ายภาพและบันทึกวิดีโอไหม",
    },
    "perm_audio": {
        "en": "Allow TikTok to record audio?",
        "zh": "允许“TikTok”录制音频吗？",
        "zh-TW": "要允許「TikTok」錄音嗎？",
        "id": "Izinkan TikTok merekam audio?",
        "ru": "Разрешить приложению TikTok записывать аудио?",
        "fr": "Autoriser TikTok à enregistrer des contenus audio ?",
        "es": "¿Permitir que TikTok grabe audio?",
        "pt": "Permitir que o app TikTok grave áudio?",
        "vi": "Cho phép TikTok ghi âm?",
        "th": "อนุญาตให้ TikTok บันทึกเสียงไหม",
    },
    "perm_notifications": {
        "en": "Allow TikTok to send you notifications?",
        "zh": "允许“TikTok”向您发送通知吗？",
        "zh-TW": "要允許「TikTok」傳送通知給你嗎？",
        "id": "Izinkan TikTok mengirimi Anda notifikasi?",
        "ru": "Разрешить приложению TikTok отправлять вам уведомления?",
        "fr": "Autoriser TikTok à vous envoyer des notifications ?",
        "es": "¿Permitir que TikTok te envíe notificaciones?",
        "pt": "Permitir que o app TikTok envie notificações?",
        "vi": "Cho phép TikTok gửi thông báo cho bạn?",
        "th": "อนุญาตให้ TikTok ส่งการแจ้งเตือนถึงคุณไหม",
    },
}
CASES = [(name, lang, text) for name, texts in QUESTIONS.items() for lang, text in texts.items()]
TAPPED = {
    "perm_media": "permission_allow_button",
    "perm_camera": "permission_allow_foreground_only_button",
    "perm_audio": "permission_allow_foreground_only_button",
    "perm_notifications": "permission_deny_button",
}
WINDOWS = [
    "com.google.android.permissioncontroller",
    "com.android.permissioncontroller",
    "com.android.packageinstaller",
]
APP = ([{"desc": "Create", "at": [432, 2208, 648, 2337]}], "com.zhiliaoapp.musically")


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("name", "lang", "text"), CASES, ids=lambda value: value[:12])
def test_a_question_is_known_and_its_button_found(name, lang, text, window):
    owner = "com.android.packageinstaller" if "packageinstaller" in window else "com.android.permissioncontroller"
    allow = next(iter({TAPPED[name]} - {"permission_deny_button"}), "permission_allow_button")
    nodes = [
        {"id": f"{owner}:id/permission_message", "text": text, "at": [133, 853, 947, 1106]},
        {"id": f"{owner}:id/{allow}", "text": "...", "at": [133, 1328, 947, 1433]},
        {"id": f"{owner}:id/permission_deny_button", "text": "...", "at": [133, 1476, 947, 1581]},
    ]
    view = view_of(APP, (nodes, window))
    found = recognise(load_packs(), view)
    assert str(found) == f"android {name}"
    assert found.rule is not None
    action = found.rule.action_for("create")
    assert action is not None
    assert action.element is not None
    tapped = view.find(action.element)
    assert tapped is not None
    assert tapped.id == TAPPED[name]


def test_a_question_that_nobody_knows_is_answered_by_nobody():
    ids = "com.android.permissioncontroller:id"
    question = "Allow TikTok to access this device's location?"
    nodes = [
        {"id": f"{ids}/permission_message", "text": question, "at": [133, 853, 947, 1106]},
        {"id": f"{ids}/permission_allow_button", "text": "Allow", "at": [133, 1328, 947, 1433]},
    ]
    found = recognise(load_packs(), view_of((nodes, "com.google.android.permissioncontroller")))
    assert str(found) == "com.google.android.permissioncontroller unknown"
