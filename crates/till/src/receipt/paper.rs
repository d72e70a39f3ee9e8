//! A receipt on 80 mm paper, as a PDF of one page with its number as Code 128.
//!
//! Lengths are whole twentieths of a millimetre; the page's first line of drawing makes points of
//! them. The font is the machine's own or one that lies beside the program; of it only the letters that are
//! printed go into the file, and only where its licence bits let them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use barcoders::sym::code128::Code128;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, RawFace, Tag};

use crate::receipt::{COLUMNS, Receipt, columns, width};

/// Says that a length of one is a twentieth of a millimetre: 72 / 25.4 / 20 points.
const SCALE: &[u8] = b"0.1417323 0 0 0.1417323 0 0 cm\n";
const PAPER: i64 = 1_600;
const MARGIN: i64 = 80;
/// One column; a Chinese letter is as wide as two, and as high.
const COLUMN: i64 = (PAPER - 2 * MARGIN) / COLUMNS as i64;
const LETTER: i64 = 2 * COLUMN;
const LINE: i64 = 84;
/// One module of the barcode: two dots of a printer with eight dots to the millimetre.
const MODULE: i64 = 5;
const BARS: i64 = 240;
/// Code 128's mark for its character set C: two digits a symbol.
const SET_C: char = '\u{0106}';
/// The most bytes a font's file has.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A letter that a font for receipts has.
const WANTED: char = '收';
/// What stands in for a letter that the font lacks.
const MISSING: char = '?';

/// Names of a font that lies beside the program.
const BESIDE: [&str; 3] = ["receipt.otf", "receipt.ttf", "receipt.ttc"];
/// Where systems keep a font with Chinese letters, the fixed-pitch ones first.
const KNOWN: [&str; 10] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "C:/Windows/Fonts/simsun.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/System/Library/Fonts/Supplemental/Songti.ttc",
];

/// Why a receipt did not become a PDF.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// No font with Chinese letters that may be embedded.
    #[error("no font with Chinese letters was found: put one beside the program as `receipt.ttf`")]
    NoFont,
    /// The font cannot be read or cut down.
    #[error("the font cannot be used: {0}")]
    Font(String),
    /// The number has letters that the barcode has no bars for.
    #[error("`{0}` is no barcode")]
    Barcode(String),
}

/// A font's file and the face in it.
pub struct Font {
    bytes: Vec<u8>,
    index: u32,
}

impl Font {
    /// Finds a font: beside the program, else the machine's.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn find() -> Result<Font, PaperError> {
        let program = std::env::current_exe().ok();
        let beside = BESIDE.iter().filter_map(|name| Some(program.as_ref()?.with_file_name(name)));
        beside
            .chain(KNOWN.iter().map(PathBuf::from))
            .find_map(|path| Font::read(&path))
            .ok_or(PaperError::NoFont)
    }

    /// Reads a font's file; `None` where it has no face with Chinese letters that may be embedded.
    #[must_use]
    pub fn read(path: &Path) -> Option<Font> {
        if FONT_BYTES_MAX < std::fs::metadata(path).ok()?.len() {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let faces = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1);
        let usable = |index: &u32| {
            Face::parse(&bytes, *index).is_ok_and(|face| {
                face.glyph_index(WANTED).is_some()
                    && face.is_subsetting_allowed()
                    && face.permissions() != Some(ttf_parser::Permissions::Restricted)
            })
        };
        let fixed = |index: &u32| {
            Face::parse(&bytes, *index).is_ok_and(|face| {
                face.names()
                    .into_iter()
                    .any(|name| name.to_string().is_some_and(|name| name.ends_with("Mono CJK SC")))
            })
        };
        let index = (0..faces).filter(usable).find(fixed).or_else(|| (0..faces).find(usable))?;
        Some(Font { bytes, index })
    }
}

/// Writes a receipt as a PDF.
///
/// # Errors
///
/// Where the font or the number cannot be used.
pub fn pdf(receipt: &Receipt, font: &Font) -> Result<Vec<u8>, PaperError> {
    let face = Face::parse(&font.bytes, font.index)
        .map_err(|error| PaperError::Font(error.to_string()))?;
    let bars = bars(&receipt.barcode)?;
    let mut letters = Letters::new(&face);
    let rows = i64::try_from(receipt.lines.len()).unwrap_or(i64::MAX);
    let height = rows.saturating_mul(LINE).saturating_add(2 * MARGIN + BARS + 3 * LINE);
    let mut content = Content::new();
    let mut baseline = height - MARGIN - LETTER;
    for line in &receipt.lines {
        letters.show(&mut content, line, MARGIN, baseline);
        baseline -= LINE;
    }
    let below = baseline - BARS;
    draw_bars(&mut content, &bars, below);
    let digits = i64::try_from(columns(&receipt.barcode)).unwrap_or(0) * COLUMN;
    letters.show(&mut content, &receipt.barcode, (PAPER - digits) / 2, below - LINE);
    let drawn = [SCALE, &content.finish()].concat();
    assemble(&drawn, &letters, font, height)
}

/// Draws what is dark, run by run.
fn draw_bars(content: &mut Content, bars: &[u8], below: i64) {
    let wide = i64::try_from(bars.len()).unwrap_or(0) * MODULE;
    let mut x = (PAPER - wide) / 2;
    for run in bars.chunk_by(|one, next| one == next) {
        let wide = i64::try_from(run.len()).unwrap_or(0) * MODULE;
        if run[0] == 1 {
            let [x, below, wide, high] = [x, below, wide, BARS].map(whole).map(Into::into);
            content.rect(x, below, wide, high);
        }
        x += wide;
    }
    content.fill_nonzero();
}

/// Returns the modules of a number: 1 is dark.
fn bars(number: &str) -> Result<Vec<u8>, PaperError> {
    let whole = number.len().is_multiple_of(2) && number.bytes().all(|byte| byte.is_ascii_digit());
    let code = Code128::new(format!("{SET_C}{number}")).ok().filter(|_| whole);
    Ok(code.ok_or_else(|| PaperError::Barcode(number.to_owned()))?.encode())
}

/// The letters that are printed, each with its place in the font that goes into the file.
struct Letters<'f> {
    face: &'f Face<'f>,
    remapper: GlyphRemapper,
    shown: BTreeMap<u16, char>,
}

impl<'f> Letters<'f> {
    fn new(face: &'f Face<'f>) -> Letters<'f> {
        Letters { face, remapper: GlyphRemapper::new(), shown: BTreeMap::new() }
    }

    /// Shows a line, each letter in its own column, so that any font lines up.
    fn show(&mut self, content: &mut Content, line: &str, left: i64, baseline: i64) {
        content.begin_text();
        content.set_font(Name(b"F"), whole(LETTER).into());
        let mut x = left;
        for letter in line.chars() {
            let wide = i64::try_from(width(letter)).unwrap_or(2) * COLUMN;
            if letter != ' ' {
                let glyph = self.glyph(letter);
                content.set_text_matrix([1, 0, 0, 1, x, baseline].map(whole).map(Into::into));
                content.show(Str(&glyph.to_be_bytes()));
            }
            x += wide;
        }
        content.end_text();
    }

    fn glyph(&mut self, letter: char) -> u16 {
        let found = self.face.glyph_index(letter).map(|glyph| (glyph, letter));
        let stand_in = || self.face.glyph_index(MISSING).map(|glyph| (glyph, MISSING));
        let (glyph, letter) = found.or_else(stand_in).unwrap_or((ttf_parser::GlyphId(0), MISSING));
        let place = self.remapper.remap(glyph.0);
        self.shown.insert(place, letter);
        place
    }

    /// Returns a length of the font in thousandths of its letter.
    fn thousandths(&self, length: i16) -> i64 {
        i64::from(length) * 1_000 / i64::from(self.face.units_per_em()).max(1)
    }
}

fn assemble(
    content: &[u8],
    letters: &Letters<'_>,
    font: &Font,
    height: i64,
) -> Result<Vec<u8>, PaperError> {
    let [catalog, pages, page, contents, type0, cid, descriptor, file, cmap, info] =
        std::array::from_fn(|place| Ref::new(i32::try_from(place).unwrap_or(0) + 1));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    pdf.document_info(info).title(TextStr("Receipt"));
    let mut sheet = pdf.page(page);
    let [left, bottom, right, top] =
        [0, 0, points(PAPER), points(height)].map(whole).map(Into::into);
    sheet.media_box(Rect::new(left, bottom, right, top));
    sheet.parent(pages).contents(contents);
    sheet.resources().fonts().pair(Name(b"F"), type0);
    sheet.finish();
    pdf.stream(contents, content);
    embed(&mut pdf, letters, font, &Refs { type0, cid, descriptor, file, cmap })?;
    Ok(pdf.finish())
}

struct Refs {
    type0: Ref,
    cid: Ref,
    descriptor: Ref,
    file: Ref,
    cmap: Ref,
}

/// Writes the letters that are shown as a font of the file's own.
fn embed(pdf: &mut Pdf, letters: &Letters<'_>, font: &Font, refs: &Refs) -> Result<(), PaperError> {
    let subset = subsetter::subset(&font.bytes, font.index, &letters.remapper)
        .map_err(|error| PaperError::Font(error.to_string()))?;
    let raw = RawFace::parse(&subset, 0).map_err(|error| PaperError::Font(error.to_string()))?;
    let outlines = raw.table(Tag::from_bytes(b"CFF "));
    let name = Name(b"MIANFU+Receipt");
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

    pdf.type0_font(refs.type0)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.cid)
        .to_unicode(refs.cmap);

    let mut cid = pdf.cid_font(refs.cid);
    cid.base_font(name).system_info(system).font_descriptor(refs.descriptor);
    cid.default_width(whole(1_000).into());
    if outlines.is_some() {
        cid.subtype(CidFontType::Type0);
    } else {
        cid.subtype(CidFontType::Type2).cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let mut widths = cid.widths();
    for (place, letter) in &letters.shown {
        let wide = if width(*letter) == 1 { 500 } else { 1_000 };
        widths.same(*place, *place, whole(wide).into());
    }
    widths.finish();
    cid.finish();

    let bounds = letters.face.global_bounding_box();
    let [left, bottom, right, top] = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max]
        .map(|length| whole(letters.thousandths(length)).into());
    let ascent = whole(letters.thousandths(letters.face.ascender()));
    let descent = whole(letters.thousandths(letters.face.descender()));
    let mut descriptor = pdf.font_descriptor(refs.descriptor);
    descriptor
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(whole(0).into())
        .ascent(ascent.into())
        .descent(descent.into())
        .cap_height(ascent.into())
        .stem_v(whole(80).into());
    if outlines.is_some() {
        descriptor.font_file3(refs.file);
    } else {
        descriptor.font_file2(refs.file);
    }
    descriptor.finish();

    let mut stream = pdf.stream(refs.file, outlines.unwrap_or(&subset));
    if outlines.is_some() {
        stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    }
    stream.finish();

    let mut unicode = UnicodeCmap::new(Name(b"Receipt"), system);
    for (place, letter) in &letters.shown {
        unicode.pair(*place, *letter);
    }
    pdf.cmap(refs.cmap, &unicode.finish());
    Ok(())
}

/// Returns a length of the page in points, rounded up.
fn points(length: i64) -> i64 {
    (length * 720 + 5_079) / 5_080
}

/// Hands a whole length to the writer; a page is never as long as what does not fit.
fn whole(length: i64) -> i16 {
    i16::try_from(length).unwrap_or(i16::MAX)
}
