//! Logos and icons of front doors. What is uploaded is decoded within limits and never kept: what is
//! served was encoded here, in one format, with nothing in it but pixels.

use std::io::Cursor;

use anyhow::Context;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat,
    ImageReader, Limits, RgbaImage,
    codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder},
    imageops::{self, FilterType},
    metadata::Orientation,
};
use model::{
    Refusal,
    audit::AuditKind,
    brand::{LARGEST_PICTURE, Picture, PictureKind, WIDEST_PICTURE},
    id::{OrganizationId, SiteId},
    permission::Permission,
    refusal::Problem,
};
use sha2::{Digest, Sha256};

use crate::{Actor, Error, Portal, Result, audit::changed, secrets::hex, store::SiteRow};

/// The most that decoding takes, in bytes: the largest picture that is looked at, with an alpha
/// channel. One is decoded at a time.
const MOST_MEMORY: u64 = WIDEST_PICTURE as u64 * WIDEST_PICTURE as u64 * 4;
/// Widest logo that is kept, in pixels: twice what is shown, for fine screens.
const LOGO: (u32, u32) = (480, 120);
/// Side of an icon, in pixels: what telephones ask for.
const ICON: u32 = 180;
/// After so many seconds another picture may be looked at.
const RETRY: u32 = 5;
/// Bytes of a digest that make an address.
const ADDRESS: usize = 16;

impl Portal {
    /// Makes sure that a picture may be sent at all, before it is read.
    pub async fn may_set_picture(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<OrganizationId> {
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditBrand).await?.id;
        tx.own_site(organization).await?;
        Ok(organization)
    }

    /// Gives a front door a picture, which is made of what was uploaded.
    pub async fn set_picture(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        kind: PictureKind,
        file: Vec<u8>,
    ) -> Result<OrganizationId> {
        self.may_set_picture(actor, scope).await?;
        let Ok(turn) = self.0.pictures.try_acquire() else {
            return Err(Error::Busy { retry_after: RETRY });
        };
        let made = tokio::task::spawn_blocking(move || made(&file, kind)).await;
        drop(turn);
        let (picture, content) = made
            .context("looking at a picture was interrupted")?
            .map_err(|problem| Error::field("file", problem))?;
        self.change_picture(actor, scope, kind, Some((picture, content))).await
    }

    /// Takes a picture away, by its word.
    pub async fn remove_picture(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        kind: &str,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditBrand)?;
        let kind = PictureKind::from_word(kind)
            .ok_or_else(|| Error::field("picture", Problem::NotAChoice))?;
        self.change_picture(actor, scope, kind, None).await
    }

    /// The content of a picture, as PNG; at the own host of a site, only of that one, and of those whom
    /// its staff look after.
    pub async fn picture(&self, digest: &str, only: Option<SiteId>) -> Result<Option<Vec<u8>>> {
        let is_address =
            digest.len() == 2 * ADDRESS && digest.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_address {
            return Ok(None);
        }
        let mut tx = self.db().read().await?;
        Ok(tx.picture(digest, only).await?)
    }

    async fn change_picture(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        kind: PictureKind,
        new: Option<(Picture, Vec<u8>)>,
    ) -> Result<OrganizationId> {
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditBrand).await?.id;
        let site = tx.own_site(organization).await?;
        let mut brand = site.look();
        let (picture, content) = new.unzip();
        let place = brand.picture_mut(kind);
        if *place == picture {
            return Ok(organization);
        }
        let told =
            |picture: &Option<Picture>| picture.as_ref().map(|picture| picture.digest.clone());
        let changes = vec![changed(kind.word(), told(place), told(&picture))];
        place.clone_from(&picture);
        let look = serde_json::to_string(&brand).context("a brand")?;
        let content = picture.map(|picture| picture.digest).zip(content);
        tx.set_picture(site.id, kind, content).await?;
        tx.set_look(site.id, &look).await?;
        tx.record(self, actor.event_on(organization, AuditKind::BrandChanged, changes)).await?;
        tx.commit().await?;
        Ok(organization)
    }
}

impl crate::store::Tx {
    /// The front door of an organization, as far as it has one of its own.
    pub(crate) async fn own_site(&mut self, organization: OrganizationId) -> Result<SiteRow> {
        let site = self.site_of(organization).await?.context("an organization without a site")?;
        if site.organization_id == organization { Ok(site) } else { Err(Refusal::NotFound.into()) }
    }
}

/// What is kept of a file: a picture of the right size. To be called where waiting is allowed.
fn made(file: &[u8], kind: PictureKind) -> std::result::Result<(Picture, Vec<u8>), Problem> {
    let (mut picture, turned) = decoded(file)?;
    // Small first: turning it makes another one of it.
    let longest = LOGO.0.max(ICON);
    picture = within(picture, (longest, longest));
    picture.apply_orientation(turned);
    let picture = match kind {
        PictureKind::Logo => within(picture, LOGO).into_rgba8(),
        PictureKind::Icon => squared(within(picture, (ICON, ICON))),
    };
    let mut content = Vec::new();
    PngEncoder::new_with_quality(&mut content, CompressionType::Best, PngFilter::Adaptive)
        .write_image(&picture, picture.width(), picture.height(), ExtendedColorType::Rgba8)
        .map_err(|_| Problem::NotAPicture)?;
    let digest = hex(&Sha256::digest(&content)[..ADDRESS]);
    Ok((Picture { digest, width: picture.width(), height: picture.height() }, content))
}

/// The pixels of a file, and how they are turned. What it says of itself beside them is nothing to us.
fn decoded(file: &[u8]) -> std::result::Result<(DynamicImage, Orientation), Problem> {
    if file.len() > LARGEST_PICTURE {
        return Err(Problem::PictureTooLarge);
    }
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|_| Problem::NotAPicture)?;
    // By its first bytes; a name and a declared type prove nothing.
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(Problem::NotAPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST_PICTURE);
    limits.max_image_height = Some(WIDEST_PICTURE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let problem = |error| match error {
        ImageError::Limits(_) => Problem::PictureTooWide { max: WIDEST_PICTURE },
        _ => Problem::NotAPicture,
    };
    let mut decoder = reader.into_decoder().map_err(problem)?;
    let (width, height) = decoder.dimensions();
    if width > WIDEST_PICTURE || height > WIDEST_PICTURE {
        return Err(Problem::PictureTooWide { max: WIDEST_PICTURE });
    }
    // Deep colours take more than the pixels tell.
    if decoder.total_bytes() > MOST_MEMORY {
        return Err(Problem::PictureTooLarge);
    }
    let turned = decoder.orientation().map_err(problem)?;
    Ok((DynamicImage::from_decoder(decoder).map_err(problem)?, turned))
}

/// The same, made smaller where it is larger than this.
fn within(picture: DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    if picture.width() <= width && picture.height() <= height {
        picture
    } else {
        picture.resize(width, height, FilterType::Lanczos3)
    }
}

/// The same in the middle of a square.
fn squared(picture: DynamicImage) -> RgbaImage {
    let picture = picture.into_rgba8();
    let side = picture.width().max(picture.height());
    let mut square = RgbaImage::new(side, side);
    let (left, top) = ((side - picture.width()) / 2, (side - picture.height()) / 2);
    imageops::replace(&mut square, &picture, left.into(), top.into());
    square
}
