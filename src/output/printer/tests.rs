use super::*;

/// What a test's printer has printed.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    out: Shared,
    err: Shared,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Heard {
    /// Standard output, without the blanks at the ends of lines.
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.out.0.lock().unwrap().clone()).unwrap()
    }

    /// Standard error.
    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.err.0.lock().unwrap().clone()).unwrap()
    }
}

impl Printer {
    /// A printer that keeps what it prints, as on a terminal of `width` columns.
    pub(crate) fn for_test(width: u16, options: OutputOptions) -> (Self, Heard) {
        let heard = Heard::default();
        let colored = options.color == ColorChoice::Always;
        let printer = Self {
            metrics: None,
            out: IgnoreClosed::of(Box::new(heard.out.clone())),
            err: Arc::new(Messages::at_once(Box::new(heard.err.clone()))),
            held: Arc::default(),
            options,
            is_step: false,
            said: Arc::default(),
            out_is: StreamTarget {
                terminal: true,
                colored,
            },
            err_is: StreamTarget {
                terminal: false,
                colored,
            },
            width,
        };
        (printer, heard)
    }
}

fn printer(options: OutputOptions) -> (Printer, Heard) {
    Printer::for_test(80, options)
}

#[test]
fn a_reader_that_has_gone_is_no_error_and_is_noticed() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let (mut printer, _) = printer(OutputOptions::default());
    printer.out.inner = Box::new(Gone);
    assert!(!printer.is_closed());
    printer.out().write_all(b"text").unwrap();
    assert!(printer.is_closed());
    printer.flush().unwrap();
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut printer, _) = printer(OutputOptions::default());
    printer.out.inner = Box::new(Full);
    assert!(printer.out().write_all(b"text").is_err());
}

#[test]
fn quiet_keeps_warnings_back_until_the_run_fails_and_drops_notes() {
    let quiet = OutputOptions {
        quiet: true,
        ..OutputOptions::default()
    };
    let (printer, heard) = printer(quiet);
    printer.note("nice to know");
    printer.detail("even more");
    printer.warn("mind the gap");
    assert_eq!(heard.err(), "");
    printer.error("no such file");
    assert_eq!(
        heard.err(),
        "warning: mind the gap\nerror: no such file\n",
        "nothing else"
    );
    printer.warn("a second one");
    printer.settle(true);
    printer.settle(false);
    assert!(!heard.err().contains("second"), "it was a success");
}

#[test]
fn text_is_broken_into_lines_for_a_terminal_only() {
    let (mut printer, heard) = Printer::for_test(20, OutputOptions::default());
    printer.text("one two three four five\n").unwrap();
    assert_eq!(heard.out(), "one two three four\n    five\n");
    let (mut printer, heard) = Printer::for_test(20, OutputOptions::default());
    printer.out_is.terminal = false;
    printer.text("one two three four five\n").unwrap();
    assert_eq!(heard.out(), "one two three four five\n");
}

#[test]
fn colors_come_only_where_they_are_wanted() {
    let (plain, _) = printer(OutputOptions::default());
    assert_eq!(plain.paint("ready", Tone::Good), "ready");
    let (colored, heard) = printer(OutputOptions {
        color: ColorChoice::Always,
        ..OutputOptions::default()
    });
    assert_eq!(
        colored.paint("ready", Tone::Good),
        "\u{1b}[32mready\u{1b}[39m"
    );
    colored.warn("x");
    assert!(heard.err().starts_with("\u{1b}[33mwarning:"));
}
