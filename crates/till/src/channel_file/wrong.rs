//! What is wrong with the form of a channel's file. Names our members and lines, never what stands
//! there: that may be a key pasted into the wrong place.

use std::fmt;

/// What is wrong with the form of a channel's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A member is missing.
    Missing {
        /// Its name.
        member: String,
    },
    /// What stands in this line is not understood.
    Line(usize),
    /// Another file is of the same channel.
    SecondOfChannel,
    /// One channel is practice's and the other is not.
    PracticeBesideReal,
    /// The API key of v2 is not one.
    V2Key,
    /// The APIv3 key is not one.
    V3Key,
    /// No key of WeChat Pay's is named.
    NoPlatformKey,
    /// The certificate's number is not the one in the file.
    OtherSerial,
    /// Scans of v3 without the shop's number.
    NoStoreNumber,
    /// The shop's number without scans of v3.
    StoreNumberUnused,
    /// The application of a merchant that is not named.
    SubAppAlone,
    /// The provider named as its own merchant.
    SubIsMerchant,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrong::Missing { member } => return write!(f, "missing field `{member}`"),
            Wrong::Line(line) => return write!(f, "look at line {line}"),
            Wrong::SecondOfChannel => "another file is of the same channel: keep one",
            Wrong::PracticeBesideReal => "one channel is practice's and the other is not",
            Wrong::V2Key => "the API key of v2 has 32 letters and digits",
            Wrong::V3Key => "the APIv3 key has 32 characters",
            Wrong::NoPlatformKey => {
                "it names no key of WeChat Pay's: add public_key_file with public_key_id, or \
                 platform_certificate_file"
            }
            Wrong::OtherSerial => {
                "merchant_serial is not the number of the certificate: copy it from the portal, \
                 40 digits and capitals"
            }
            Wrong::NoStoreNumber => "scans of v3 need the shop's own number: add store_number",
            Wrong::StoreNumberUnused => "store_number is for scans of v3 only: take it out",
            Wrong::SubAppAlone => "sub_app_id is of a provider's merchant: add sub_merchant_id",
            Wrong::SubIsMerchant => "sub_merchant_id is merchant_id: take it out",
        })
    }
}
