//! What is wrong with a channel's file, in Chinese. Repeats nothing of what stands in it.

use mianfu_gateway::{EndpointError, KeyError, KeyPart};
use mianfu_till::channel_file::{ChannelFileError, Wrong};

/// Returns the sentence.
pub(crate) fn of(error: &ChannelFileError) -> String {
    match error {
        ChannelFileError::Unreadable { path, .. } => {
            format!("读不到“{}”：看看路径对不对", path.display())
        }
        ChannelFileError::Open { path } => {
            format!("别人也能读“{}”：请对它执行 chmod 600", path.display())
        }
        ChannelFileError::NotText { path } => format!(
            "“{}”不是文本：.p12 请换成同一次下载里的 PEM 文件（apiclient_cert.pem 和 \
             apiclient_key.pem）",
            path.display()
        ),
        ChannelFileError::TooLarge { path } => {
            format!("“{}”太大，不像渠道文件或密钥", path.display())
        }
        ChannelFileError::Form { path, what } => {
            format!("“{}”不是渠道文件：{}", path.display(), of_form(what))
        }
        ChannelFileError::Live { .. } => {
            "这是真商户的渠道：它的密钥要放进保险柜，本版还没有".to_owned()
        }
        ChannelFileError::Key { path, source } => {
            format!("“{}”的密钥用不了：{}", path.display(), of_key(source))
        }
        ChannelFileError::Endpoint(error) => of_endpoint(error),
    }
}

fn of_form(what: &Wrong) -> String {
    match what {
        Wrong::Missing { member } => return format!("缺“{member}”一项"),
        Wrong::Line(line) => return format!("请看第 {line} 行"),
        Wrong::SecondOfChannel => "另一个文件是同一个渠道的：只留一个",
        Wrong::PracticeBesideReal => "一个渠道是练习的，另一个不是",
        Wrong::V2Key => "APIv2 密钥是 32 位字母和数字",
        Wrong::V3Key => "APIv3 密钥是 32 个字符",
        Wrong::NoPlatformKey => {
            "没有写微信支付的密钥：加 public_key_file 和 public_key_id，或加 \
             platform_certificate_file"
        }
        Wrong::OtherSerial => {
            "merchant_serial 不是这张证书的序列号：从商户平台复制，40 位，字母大写"
        }
        Wrong::NoStoreNumber => "用 v3 扫码要有门店自己的编号：加 store_number",
        Wrong::StoreNumberUnused => "store_number 只用于 v3 扫码：请去掉",
        Wrong::SubAppAlone => "sub_app_id 属于特约商户：加 sub_merchant_id",
        Wrong::SubIsMerchant => "sub_merchant_id 和 merchant_id 一样：请去掉",
    }
    .to_owned()
}

fn of_key(error: &KeyError) -> String {
    match error {
        KeyError::Missing { part } => format!("没有{}", name(*part)),
        KeyError::NotText { part } => {
            format!("{}不是 PEM 也不是 base64：请整份重新复制，不要带别的字", name(*part))
        }
        KeyError::NotAKey { part } => {
            format!("{}的位置放了别的东西：请整份重新复制", name(*part))
        }
        KeyError::Encrypted { part } => format!("{}有密码：请导出不带密码的", name(*part)),
        KeyError::NotRsa { part } => format!("{}不是 RSA 密钥", name(*part)),
        KeyError::TooShort { part, bits } => {
            format!("{}只有 {bits} 位，要 2048 位：请重新生成", name(*part))
        }
        KeyError::PublicForPrivate => "私钥的位置放了公钥：请换过来".to_owned(),
        KeyError::PrivateForPublic { part } => {
            format!("{}的位置放了私钥：请换掉；给人看过就重新生成一对", name(*part))
        }
        KeyError::OwnPublicKey => {
            "这是应用自己的公钥：请复制上传之后平台显示的支付宝公钥".to_owned()
        }
        KeyError::CertificateForKey { part } => format!("{}的位置放了证书", name(*part)),
        KeyError::KeyForCertificate { part } => {
            format!("{}的位置放了密钥：请从平台下载证书", name(*part))
        }
        KeyError::NotOurCertificate => {
            "应用公钥证书和私钥不是一对：请下载为这把私钥签发的那张".to_owned()
        }
        KeyError::CertificateOfAnotherKey { part } => {
            format!("{}和旁边的私钥不是一对：两样要来自同一商户的同一次下载", name(*part))
        }
        KeyError::Expired { part, .. } => format!("{}过期了：请在平台更换后放进新的", name(*part)),
        KeyError::NotYetValid { part, .. } => {
            format!("{}还没有生效：请看本机日期对不对", name(*part))
        }
        KeyError::NoRoot { part } => format!("{}里没有 RSA 证书：请重新下载", name(*part)),
    }
}

fn name(part: KeyPart) -> &'static str {
    match part {
        KeyPart::PrivateKey => "应用私钥",
        KeyPart::AlipayPublicKey => "支付宝公钥",
        KeyPart::AppCertificate => "应用公钥证书",
        KeyPart::AlipayCertificate => "支付宝公钥证书",
        KeyPart::RootCertificates => "支付宝根证书",
        KeyPart::MerchantKey => "商户API私钥",
        KeyPart::WechatPublicKey => "微信支付公钥",
        KeyPart::PlatformCertificate => "微信支付平台证书",
        KeyPart::MerchantCertificate => "商户API证书",
    }
}

fn of_endpoint(error: &EndpointError) -> String {
    match error {
        EndpointError::NotAnAddress { .. } => "gateway 不是网址：写成 https://主机/路径",
        EndpointError::NotSecure { .. } => "gateway 不是 https：http 只用于本机",
        EndpointError::Roots { .. } => "读不懂根证书文件",
        EndpointError::Identity { .. } => "商户API证书和私钥读不成 PEM",
    }
    .to_owned()
}
