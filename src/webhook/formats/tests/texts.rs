//! Logs, tables and other texts that hold deliveries.

use super::*;

#[test]
fn logs_give_the_captures_in_their_messages() {
    let message = quoted(&format!(
        "2026-03-12T09:22:18.000Z\tid\tINFO\t{}\n",
        fill(GATEWAY_2).replace('\n', "")
    ));
    for (template, others) in [
        (
            r#"{"events":[{"logStreamName":"s","timestamp":1,"message":"START RequestId: x","ingestionTime":2},{"logStreamName":"s","timestamp":1,"message":@M@,"ingestionTime":2}],"searchedLogStreams":[]}"#,
            1,
        ),
        (
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":@M@}]}"#,
            0,
        ),
        (
            r#"{"results":[[{"field":"@timestamp","value":"1"},{"field":"@message","value":@M@}]],"statistics":{}}"#,
            0,
        ),
        (r#"{"timestamp":1,"message":@M@}"#, 0),
        (
            r#"{"level":"info","message":@M@,"messageTruncated":false,"rowId":"1","source":"lambda","timestampInMs":1773307338000,"requestMethod":"POST","requestPath":"/h"}"#,
            0,
        ),
        (
            r#"{"id":"1","deploymentId":"d","source":"lambda","host":"h","timestamp":1,"projectId":"p","level":"info","message":@M@}"#,
            0,
        ),
    ] {
        let text = template.replace("@M@", &message);
        let mut expected = vec!["other"; others];
        expected.push("verified");
        assert_eq!(verified(&text), expected, "{template}");
    }
    assert_eq!(
        verified(r#"{"timestamp":1,"message":"{\"a\":1}"}"#),
        ["other"]
    );
}

/// The grades of a text that is not JSON.
fn text_grades(text: &str) -> Option<Vec<&'static str>> {
    Some(read_text(text)?.iter().map(word).collect())
}

#[test]
fn texts_that_are_no_json_are_read() {
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let headers = fill(r#"{"x-creativeai-signature":["@SIG@"]}"#);
    let http = fill(
        "POST https://x@URL@ HTTP/1.1\nContent-Type: application/json\nX-CreativeAI-Signature: @SIG@\n\n@RAWBODY@\n",
    );
    for (name, text, expected) in [
        ("HTTP", http.clone(), vec!["verified"]),
        (
            "HTTP with CRLF",
            http.replace('\n', "\r\n"),
            vec!["verified"],
        ),
        (
            ".http",
            format!("# kept\n\n{http}\n### again\n{http}"),
            vec!["verified"; 2],
        ),
        (
            "headers only",
            fill("X-CreativeAI-Signature: @SIG@\nX-CreativeAI-Delivery-Id: vgen_1\n"),
            vec!["no body"],
        ),
        (
            "SSE",
            fill(
                "event: ready\ndata: {}\n\nid: 1\ndata: {\"x-creativeai-signature\":\"@SIG@\",\"body\":@RAWBODY@,\"query\":{},\"timestamp\":1}\n\nevent: ping\ndata: {}\n\n",
            ),
            vec!["verified"],
        ),
        (
            "CSV",
            format!(
                "uuid,type,method,url,content,headers,created_at\n1,web,POST,https://x,{},{},2026-03-12 09:22:18\n",
                cell(BODY),
                cell(&headers)
            ),
            vec!["verified"],
        ),
        (
            "CSV with a column a header",
            format!(
                "Method,Content,headers.x-creativeai-signature\nPOST,{},{}\n",
                cell(BODY),
                signature()
            ),
            vec!["verified"],
        ),
        (
            "a table of messages",
            format!("timestamp,message\n1,START\n2,{}\n", cell(&fill(GATEWAY_2))),
            vec!["other", "verified"],
        ),
        (
            "lines",
            format!(
                "2026-03-12T09:22:18Z START\n2026-03-12T09:22:18Z {}\n",
                fill(GATEWAY_2).replace('\n', "")
            ),
            vec!["other", "verified"],
        ),
    ] {
        assert_eq!(
            text_grades(&text).as_deref(),
            Some(expected.as_slice()),
            "{name}: {text}"
        );
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = read_text(&text[..end]);
        }
    }
    for other in ["", "hello", "a,b\n1,2\n", "{\"a\":1}", "GET it", "data"] {
        assert_eq!(text_grades(other), None, "{other}");
    }
}

#[test]
fn a_table_may_have_a_column_for_each_header_and_parameter() {
    let body = BODY.replace('"', "\"\"");
    for (header, row) in [
        (
            "uuid,type,method,url,content,headers.x-creativeai-signature,query.creativeai_job,created_at",
            format!(
                "1,web,POST,https://webhook.site/a?,\"{body}\",@SIG@,@JOB@,2026-03-12 09:22:18"
            ),
        ),
        (
            "Method,URL,Query,Headers,Content",
            format!(
                "POST,https://webhook.site/a,creativeai_job=@JOB@,x-creativeai-signature: @SIG@,\"{body}\""
            ),
        ),
        (
            "method,query,headers_x_creativeai_signature,content",
            format!("POST,\"{{\"\"creativeai_job\"\":\"\"@JOB@\"\"}}\",@SIG@,\"{body}\""),
        ),
    ] {
        let text = format!("{header}\n{row}\n")
            .replace("@SIG@", &signature())
            .replace("@JOB@", "5b1f0c9a77d2e318.1");
        let found = super::read_text(&text).unwrap();
        let [found] = &found[..] else {
            panic!("{header}: {}", found.len())
        };
        assert_eq!(word(found), "verified", "{header}");
        let capture = found.as_ref().unwrap();
        assert_eq!(capture.correlation().map(|(_, n)| n), Some(1), "{header}");
    }
}
