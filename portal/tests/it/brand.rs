//! How front doors look is decided by those whose they are.

use std::io::Cursor;

use image::{DynamicImage, GenericImageView, ImageBuffer, ImageFormat, Rgba, RgbaImage};
use model::{
    Refusal,
    account::Language,
    brand::{Brand, Colour, Corners, Letters, Picture, PictureKind, WIDEST_PICTURE},
    refusal::Problem,
};
use portal::SetBrand;

use crate::{
    rules::{becomes, proven},
    sql::values,
    world::{Entered, ORIGIN, World, refusal, stories},
};

stories! {
    a_brand_is_seen_at_its_door_and_nowhere_else,
    mails_have_the_colour_of_the_door,
    mails_are_in_a_language_that_is_spoken_there,
    what_nobody_could_read_is_refused_with_what_they_could,
    a_shared_door_is_not_ones_own_to_change,
    a_brand_takes_a_fresh_proof_and_the_role,
    a_change_of_the_brand_is_recorded,
    a_logo_is_made_small_and_nothing_else_of_the_file_is_kept,
    an_icon_is_a_square,
    what_is_no_picture_or_a_trap_is_refused,
    pictures_take_a_fresh_proof_and_the_role,
}

fn form() -> SetBrand {
    SetBrand {
        name: "Northwind Vault".into(),
        tagline: "Your backups, and only yours".into(),
        support_email: "help@northwind.example".into(),
        language: "de".into(),
        languages: Language::ALL.iter().map(|one| one.tag().to_owned()).collect(),
        primary: "#0a6b4f".into(),
        corners: "round".into(),
        letters: "serif".into(),
        privacy: "https://northwind.example/privacy".into(),
        ..SetBrand::default()
    }
}

async fn set(world: &World, by: &Entered, form: SetBrand) {
    world.portal.set_brand(&by.actor, form).await.unwrap();
}

async fn a_brand_is_seen_at_its_door_and_nowhere_else(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let before = world.portal.site(Some("contoso")).await.unwrap().unwrap();
    set(world, &olivia, form()).await;
    let site = world.portal.site(None).await.unwrap().unwrap();
    assert_eq!(site.name.as_str(), "Northwind Vault");
    assert_eq!(site.tagline.as_deref(), Some("Your backups, and only yours"));
    assert_eq!(site.support_email.as_deref(), Some("help@northwind.example"));
    assert_eq!(site.language, Language::De);
    assert_eq!(
        (site.brand.primary, site.brand.corners, site.brand.letters),
        (Some(Colour::parse("#0a6b4f").unwrap()), Corners::Round, Letters::Serif)
    );
    assert_eq!(site.brand.links.privacy.as_deref(), Some("https://northwind.example/privacy"));
    let after = world.portal.site(Some("contoso")).await.unwrap().unwrap();
    assert_eq!(after, before, "the door next to it");
    // Left empty, all of it is as it was in the beginning.
    let plain = SetBrand {
        name: "Northwind Backup".into(),
        language: "en".into(),
        corners: "soft".into(),
        letters: "system".into(),
        languages: form().languages,
        ..SetBrand::default()
    };
    set(world, &olivia, plain).await;
    let site = world.portal.site(None).await.unwrap().unwrap();
    assert_eq!((site.tagline, site.support_email), (None, None));
    assert_eq!(site.brand, Brand::default());
}

async fn mails_have_the_colour_of_the_door(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    set(world, &olivia, SetBrand { language: "en".into(), ..form() }).await;
    let casey = world.person("casey").await;
    world.asks_for_link(&world.visit(), "casey").await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to == casey.email).expect("a link");
    assert!(mail.text.contains("Northwind Vault"), "{}", mail.text);
    assert!(mail.text.contains("help@northwind.example"), "{}", mail.text);
    assert!(!mail.text.contains("Northwind Backup"), "{}", mail.text);
}

async fn mails_are_in_a_language_that_is_spoken_there(world: &mut World) {
    let casey = world.person("casey").await;
    world.sql.run("UPDATE accounts SET language = 'fr' WHERE id = $1", values![casey.id]).await;
    let mut said = Vec::new();
    for (languages, usual) in [(vec!["en", "fr"], "en"), (vec!["es"], "de"), (vec![], "en")] {
        let languages: Vec<String> = languages.into_iter().map(str::to_owned).collect();
        let olivia = proven(world, "olivia").await;
        set(world, &olivia, SetBrand { language: usual.into(), languages, ..form() }).await;
        world.hours_pass(2);
        world.asks_for_link(&world.visit(), "casey").await;
        let mails = world.new_mails().await;
        said.push(
            mails.iter().find(|mail| mail.to == casey.email).expect("a link").subject.clone(),
        );
    }
    let [french, german, english] = &said[..] else { panic!("{said:?}") };
    assert!(french.starts_with("Choisissez"), "{french}");
    assert!(german.starts_with("Neues Passwort"), "{german}");
    assert!(english.starts_with("Choose"), "{english}");
    let site = world.portal.site(None).await.unwrap().unwrap();
    assert_eq!(site.brand.spoken(site.language), [Language::En]);
    // All of them is what it is without a choice; what is no language is none.
    let olivia = proven(world, "olivia").await;
    let languages = Language::ALL.iter().map(|one| one.tag().to_owned()).collect();
    let all = SetBrand { language: "en".into(), languages, ..form() };
    set(world, &olivia, all).await;
    let site = world.portal.site(None).await.unwrap().unwrap();
    assert_eq!((site.brand.languages.clone(), site.brand.spoken(site.language).len()), (None, 4));
    let odd = SetBrand { languages: vec!["tlh".into()], ..form() };
    assert_eq!(
        refusal(world.portal.set_brand(&olivia.actor, odd).await),
        Refusal::field("languages", Problem::NotAChoice)
    );
}

async fn what_nobody_could_read_is_refused_with_what_they_could(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let bad = SetBrand {
        name: " ".into(),
        tagline: "x".repeat(121),
        support_email: "not an address".into(),
        language: "tlh".into(),
        primary: "#ffd84d".into(),
        corners: "oval".into(),
        letters: "comic".into(),
        imprint: "http://northwind.example/".into(),
        privacy: "javascript:alert(1)".into(),
        terms: "https://user:password@northwind.example/".into(),
        ..SetBrand::default()
    };
    let Refusal::Fields(problems) = refusal(world.portal.set_brand(&olivia.actor, bad).await)
    else {
        panic!("refused at its fields");
    };
    let of = |field: &str| problems.iter().find(|it| it.field == field).map(|it| it.problem);
    assert_eq!(of("name"), Some(Problem::Required));
    assert_eq!(of("tagline"), Some(Problem::TooLong { max: 120 }));
    assert_eq!(of("support_email"), Some(Problem::NotAnEmail));
    for field in ["language", "corners", "letters"] {
        assert_eq!(of(field), Some(Problem::NotAChoice), "{field}");
    }
    for field in ["imprint", "privacy", "terms"] {
        assert_eq!(of(field), Some(Problem::NotAWebPage), "{field}");
    }
    let Some(Problem::TooPale { better }) = of("primary") else { panic!("{problems:?}") };
    assert!(better.is_readable());
    let good = SetBrand { primary: better.to_string(), ..form() };
    set(world, &olivia, good).await;
    let odd = SetBrand { primary: "blue".into(), ..form() };
    assert_eq!(
        refusal(world.portal.set_brand(&olivia.actor, odd).await),
        Refusal::field("primary", Problem::NotAColour)
    );
}

async fn a_shared_door_is_not_ones_own_to_change(world: &mut World) {
    let freya = proven(world, "freya").await;
    let page = world.portal.brand_page(&freya.actor, None).await.unwrap();
    assert_eq!(page.door.name.as_str(), "Northwind Backup");
    assert!(page.own.is_none() && page.acting.may_edit);
    assert_eq!(refusal(world.portal.set_brand(&freya.actor, form()).await), Refusal::NotFound);
    // Nor is one next door or above.
    for name in ["Northwind Backup", "Rekey Operations", "Contoso Cloud"] {
        let scope = Some(world.organization(name).await);
        let page = world.portal.brand_page(&freya.actor, scope).await;
        assert_eq!(refusal(page), Refusal::NotFound, "{name}");
        let form = SetBrand { scope, ..form() };
        assert_eq!(refusal(world.portal.set_brand(&freya.actor, form).await), Refusal::NotFound);
    }
}

async fn a_brand_takes_a_fresh_proof_and_the_role(world: &mut World) {
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(world.portal.set_brand(&olivia.actor, form()).await), Refusal::StepUp);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(world.portal.brand_page(&arun.actor, None).await), Refusal::NotAllowed);
    let page = world.portal.brand_page(&ada.actor, None).await.unwrap();
    assert!(!page.acting.may_edit && page.own.is_some());
    for by in [&arun, &ada] {
        let refused = world.portal.set_brand(&by.actor, form()).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
    }
    // Taken away between page and form.
    let olivia = proven(world, "olivia").await;
    becomes(world, "olivia", "agent").await;
    assert_eq!(refusal(world.portal.set_brand(&olivia.actor, form()).await), Refusal::NotAllowed);
}

async fn a_change_of_the_brand_is_recorded(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    set(world, &olivia, form()).await;
    // Nothing changed, nothing recorded.
    set(world, &olivia, form()).await;
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind = 'brand_changed'",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(told.len(), 1, "{told:?}");
    let change = r#"{"what":"brand_name","old":"Northwind Backup","new":"Northwind Vault"}"#;
    assert!(told[0].contains(change), "{}", told[0]);
    assert!(told[0].contains(r##"{"what":"primary","new":"#0a6b4f"}"##), "{}", told[0]);
}

const RED: Rgba<u8> = Rgba([200, 30, 30, 255]);

/// A file with a red picture.
fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = DynamicImage::from(RgbaImage::from_pixel(width, height, RED));
    let picture = match format {
        ImageFormat::Jpeg => DynamicImage::from(picture.into_rgb8()),
        _ => picture,
    };
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A PNG whose pixels take eight bytes each.
fn deep(side: u32) -> Vec<u8> {
    let picture = ImageBuffer::<Rgba<u16>, _>::new(side, side);
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// A PNG that says something beside its pixels.
fn with_words(mut file: Vec<u8>) -> Vec<u8> {
    // tEXt: length, type, content; what it is checked by need not be right for what is not needed.
    let chunk = [&[0, 0, 0, 12][..], b"tEXtComment\0evil", &[0xab, 0xcd, 0xef, 0x01]].concat();
    // After the signature and the first chunk.
    file.splice(33..33, chunk);
    file
}

/// What a chunk of a PNG is checked by (PNG, third edition, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    !crc
}

/// The picture of Northwind, and what is served of it.
async fn picture(world: &World, kind: PictureKind) -> Option<(Picture, Vec<u8>)> {
    let site = world.portal.site(None).await.unwrap().unwrap();
    let picture = site.brand.picture(kind).cloned()?;
    let content = world.portal.picture(&picture.digest, Some(site.id)).await.unwrap().unwrap();
    Some((picture, content))
}

async fn uploads(
    world: &World,
    by: &Entered,
    kind: PictureKind,
    file: Vec<u8>,
) -> portal::Result<()> {
    world.portal.set_picture(&by.actor, None, kind, file).await.map(drop)
}

async fn a_logo_is_made_small_and_nothing_else_of_the_file_is_kept(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for (format, given, kept) in [
        (ImageFormat::Png, (1_000, 500), (240, 120)),
        (ImageFormat::Jpeg, (WIDEST_PICTURE, 100), (480, 12)),
        (ImageFormat::WebP, (90, 30), (90, 30)),
    ] {
        let mut file = file(given.0, given.1, format);
        if format == ImageFormat::Png {
            file = with_words(file);
        }
        uploads(world, &olivia, PictureKind::Logo, file).await.unwrap();
        let (picture, content) = picture(world, PictureKind::Logo).await.unwrap();
        assert_eq!((picture.width, picture.height), kept, "{format:?}");
        assert!(!content.windows(4).any(|words| words == b"evil"));
        let read = image::load_from_memory_with_format(&content, ImageFormat::Png).unwrap();
        assert_eq!(read.dimensions(), kept);
        let [red, green, ..] = read.get_pixel(5, 5).0;
        assert!(red > 190 && green < 40, "{format:?}: {:?}", read.get_pixel(5, 5));
    }
    // What else is said of the brand is left alone, and it of that.
    set(world, &olivia, SetBrand { language: "en".into(), ..form() }).await;
    let (logo, _) = picture(world, PictureKind::Logo).await.expect("still there");
    // Mails have it.
    let casey = world.person("casey").await;
    world.new_mails().await;
    world.asks_for_link(&world.visit(), "casey").await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to == casey.email).expect("a link");
    let source = format!("src=\"{ORIGIN}/brand/{}\"", logo.digest);
    assert!(mail.html.contains(&source), "{}", mail.html);
    // Only where it belongs, once hosts tell brands apart; and nowhere once it is gone.
    let elsewhere = world.portal.picture(&logo.digest, Some(world.contoso)).await.unwrap();
    assert!(elsewhere.is_none());
    for odd in ["", "\0", "%", &logo.digest[1..], &"g".repeat(32)] {
        assert!(world.portal.picture(odd, None).await.unwrap().is_none(), "{odd}");
    }
    world.portal.remove_picture(&olivia.actor, None, "logo").await.unwrap();
    assert!(picture(world, PictureKind::Logo).await.is_none());
    assert!(world.portal.picture(&logo.digest, None).await.unwrap().is_none());
    let changes: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM audit_entries WHERE actor_id = $1 AND kind = 'brand_changed'",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(changes, 5, "three logos, the form, and none");
}

async fn an_icon_is_a_square(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    uploads(world, &olivia, PictureKind::Icon, file(400, 200, ImageFormat::Png)).await.unwrap();
    let (picture, content) = picture(world, PictureKind::Icon).await.unwrap();
    assert_eq!((picture.width, picture.height), (180, 180));
    let read = image::load_from_memory(&content).unwrap();
    assert_eq!(read.get_pixel(90, 90), RED);
    assert_eq!(read.get_pixel(90, 5).0[3], 0, "nothing above and below");
}

async fn what_is_no_picture_or_a_trap_is_refused(world: &mut World) {
    const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let olivia = proven(world, "olivia").await;
    let png = file(64, 64, ImageFormat::Png);
    let too_wide = Problem::PictureTooWide { max: WIDEST_PICTURE };
    // What a header promises is not believed to be small because the file is.
    let mut promised = png.clone();
    promised[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let checked = crc32(&promised[12..29]);
    promised[29..33].copy_from_slice(&checked.to_be_bytes());
    for (what, file, problem) in [
        ("nothing", Vec::new(), Problem::NotAPicture),
        ("SVG", SVG.into(), Problem::NotAPicture),
        ("SVG after XML", format!("<?xml version=\"1.0\"?>{SVG}").into(), Problem::NotAPicture),
        ("HTML", b"<!doctype html><script>alert(1)</script>".to_vec(), Problem::NotAPicture),
        ("GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), Problem::NotAPicture),
        ("half a PNG", png[..png.len() / 2].to_vec(), Problem::NotAPicture),
        ("a signature alone", png[..8].to_vec(), Problem::NotAPicture),
        ("20,000 pixels wide", file(20_000, 4, ImageFormat::Png), too_wide),
        ("20,000 pixels high", file(4, 20_000, ImageFormat::Jpeg), too_wide),
        ("20,000 pixels each way by its word", promised, too_wide),
        ("deep colours", deep(WIDEST_PICTURE), Problem::PictureTooLarge),
        ("too large a file", vec![0; 2 * 1024 * 1024 + 1], Problem::PictureTooLarge),
    ] {
        let result = uploads(world, &olivia, PictureKind::Logo, file).await;
        assert_eq!(refusal(result), Refusal::field("file", problem), "{what}");
    }
    assert!(picture(world, PictureKind::Logo).await.is_none());
    let odd = world.portal.remove_picture(&olivia.actor, None, "banner").await;
    assert_eq!(refusal(odd), Refusal::field("picture", Problem::NotAChoice));
}

async fn pictures_take_a_fresh_proof_and_the_role(world: &mut World) {
    let png = || file(64, 64, ImageFormat::Png);
    let olivia = world.enters("olivia").await;
    let logo = PictureKind::Logo;
    assert_eq!(refusal(uploads(world, &olivia, logo, png()).await), Refusal::StepUp);
    let (arun, freya) = (proven(world, "arun").await, proven(world, "freya").await);
    assert_eq!(refusal(uploads(world, &arun, logo, png()).await), Refusal::NotAllowed);
    // Freya's organization shares the door of the one above.
    assert_eq!(refusal(uploads(world, &freya, logo, png()).await), Refusal::NotFound);
    let scope = Some(world.organization("Contoso Cloud").await);
    let olivia = proven(world, "olivia").await;
    let beside = world.portal.set_picture(&olivia.actor, scope, logo, png()).await;
    assert_eq!(refusal(beside), Refusal::NotFound);
    let beside = world.portal.remove_picture(&olivia.actor, scope, "logo").await;
    assert_eq!(refusal(beside), Refusal::NotFound);
}
