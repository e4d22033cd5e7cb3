"""Makes what the macro benches work on: manifests, job logs and captures of any size.

The same numbers give the same bytes, so figures of two days can be compared. Keys and signatures
are real: a log's keys are those of the manifest's rows, and each capture is signed with KEY.

    python3 benches/data.py FOLDER JOBS
"""

import hashlib
import hmac
import json
import os
import random
import sys

KEY = "rph_live_bench"
MODEL, DURATION, RATIO = "kling-v3", "5s", "16:9"
# Not each prompt is plain: what is quoted or accented has to be escaped and unescaped.
PROMPTS = (
    "Slow orbit around the product on a clean white background, soft studio light, 4k detail",
    "Gentle push-in on the \\\"hero\\\" side, warm evening light, shallow depth of field, calm mood",
    "Caméra fixe, lumière naturelle, légère rotation du produit sur un socle en bois clair",
)


def plain(prompt):
    """A prompt as text; PROMPTS has them as JSON."""
    return json.loads(f'"{prompt}"')


def rows(count):
    """The jobs: key, SKU, photo, prompt as JSON, id."""
    sha256 = hashlib.sha256
    for n in range(count):
        sku = f"SKU-{n:07d}"
        photo = f"https://cdn.example.com/catalog/{n:07d}/front.jpg"
        prompt = PROMPTS[n % 3]
        array = f'["video","{sku}","{photo}","{prompt}","{MODEL}","{DURATION}","{RATIO}",""]'
        key = sha256(array.encode()).hexdigest()[:16]
        yield n, key, sku, photo, prompt, f"vgen_{key}{n:07d}"


def at(second, milli):
    """A time of March 2026; `second` counts from the 12th, 9 o'clock."""
    day, rest = divmod(second + 9 * 3600, 86400)
    month_day = 1 + (11 + day) % 28
    return f"2026-03-{month_day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{milli:03d}Z"


def manifest(path, count):
    """A sheet as a shop would export it, with two columns that are only carried along."""
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write("sku,image_url,video_prompt,category,season\n")
        for n, _, sku, photo, prompt, _ in rows(count):
            text = plain(prompt).replace('"', '""')
            out.write(f'{sku},{photo},"{text}",shoes,spring-2026\n')


def submitted(out, count):
    """The two lines that a submission leaves of each job."""
    for n, key, sku, photo, prompt, gen in rows(count):
        second, milli = divmod(n * 7, 1000)
        out.write(
            f'{{"at":"{at(second, milli)}","job":"{key}","attempt":1,"status":"submitting","sku":"{sku}",'
            f'"category":"shoes","season":"spring-2026","line":{n + 2},"credits_estimated":5,'
            f'"request":{{"model":"{MODEL}","prompt":"{prompt}","image_url":"{photo}",'
            f'"duration":"{DURATION}","aspect_ratio":"{RATIO}"}}}}\n'
            f'{{"at":"{at(second + 1, milli)}","job":"{key}","attempt":1,"status":"pending","sku":"{sku}",'
            f'"generation_id":"{gen}","submitted_at":"{at(second + 1, milli)}"}}\n'
        )


def shuffled(count):
    """The jobs in another order: clips are not done in the order in which they were asked for."""
    order = list(rows(count))
    random.Random(count).shuffle(order)
    return order


def log_of_two(path, count):
    """A log right after everything was submitted."""
    with open(path, "w", encoding="utf-8") as out:
        submitted(out, count)


def log_of_three(path, count):
    """A log in which everything has ended, one clip in fifty without success."""
    with open(path, "w", encoding="utf-8") as out:
        submitted(out, count)
        for n, key, sku, _, _, gen in shuffled(count):
            time = at(n * 7 // 1000 + 180, n % 1000)
            head = f'{{"at":"{time}","job":"{key}","attempt":1,"status":'
            if n % 50 == 0:
                out.write(
                    f'{head}"failed","sku":"{sku}","generation_id":"{gen}",'
                    f'"completed_at":"{time}","error":"provider timeout","via":"webhook"}}\n'
                )
            else:
                out.write(
                    f'{head}"completed","sku":"{sku}","generation_id":"{gen}",'
                    f'"output_url":"https://cdn.example.com/out/{gen}.mp4","credits":5,'
                    f'"failover_used":false,"completed_at":"{time}","via":"webhook"}}\n'
                )


def captures(path, count):
    """One signed capture of each job's end, as `listen` keeps them."""
    key = KEY.encode()
    with open(path, "w", encoding="utf-8") as out:
        for n, _, _, _, prompt, gen in shuffled(count):
            time = at(n * 7 // 1000 + 180, n % 1000)
            body = (
                f'{{"id":"{gen}","object":"video.generation","status":"completed","model":"{MODEL}",'
                f'"prompt":"{prompt}","output_url":"https://cdn.example.com/out/{gen}.mp4",'
                f'"credits":5,"failover_used":false,"completed_at":"{time}"}}'
            )
            signature = hmac.digest(key, body.encode(), "sha256").hex()
            quoted = body.replace("\\", "\\\\").replace('"', '\\"')
            out.write(
                f'{{"v":1,"received_at":"{time}","method":"POST","url":"/webhooks/creativeai",'
                f'"headers":{{"content-type":"application/json",'
                f'"content-length":"{len(body.encode())}","user-agent":"CreativeAI-Webhooks/1.0",'
                f'"x-creativeai-event":"video.generation.completed",'
                f'"x-creativeai-delivery-id":"{gen}",'
                f'"x-creativeai-signature":"sha256={signature}"}},"body":"{quoted}"}}\n'
            )


KINDS = {
    "manifest.csv": manifest,
    "two.jsonl": log_of_two,
    "three.jsonl": log_of_three,
    "captures.jsonl": captures,
}


def make(folder, kind, count):
    """Makes a file where it is missing, and tells its path."""
    path = os.path.join(folder, f"{count}-{kind}")
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        KINDS[kind](path + ".part", count)
        os.replace(path + ".part", path)
    return path


if __name__ == "__main__":
    for kind in KINDS:
        print(make(sys.argv[1], kind, int(sys.argv[2])))
