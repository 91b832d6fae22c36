import type { NoticeKind } from "./notice.ts";

/** What notices say in one language. `{app}` is filled in. */
export interface NoticeTexts {
  /** Of an e-mail. */
  readonly subject: string;
  /** What happened, by kind. */
  readonly happened: Readonly<Record<NoticeKind, string>>;
  /** What to do where it was not oneself: after what changed something, and after what is only to be known. */
  readonly undo: string;
  /** The same after recovery codes were made or used, which go on after another password; {@link undo} unless said. */
  readonly undoCodes?: string;
  /** The same after a passkey or an authenticator app came, which go on as well; {@link undo} unless said. */
  readonly undoFactors?: string;
}

/** Without letters beyond the SMS alphabet where a language can be read so, as in the texts of codes. */
export const noticeTexts: Readonly<Record<string, NoticeTexts>> = {
  en: {
    subject: "A change to your {app} account",
    happened: {
      password_changed: "Your {app} password was changed.",
      password_reset: "Your {app} password was reset and all devices were signed out.",
      password_reset_held:
        "The reset of your {app} password is on hold: number, address and recovery codes stay as they are for now.",
      password_code_issued: "An administrator made a code that sets your {app} password.",
      name_changed: "A sign-in name, number or address of your {app} account was changed.",
      change_requested:
        "A change of your {app} account was asked for and takes effect in some days, unless you stop it.",
      change_stopped: "A change of your {app} account that waited was stopped.",
      name_lost: "A number or address of your {app} account was verified by another person and left your account.",
      rights_changed: "The rights of your {app} account were changed.",
      recovery_codes_created: "New recovery codes were made for your {app} account; the old ones stop working.",
      recovery_code_used: "A recovery code set a new {app} password and all devices were signed out.",
      second_factor_changed: "The second factor of your {app} account was set up, replaced or removed.",
      passkey_added: "A passkey was added to your {app} account.",
      passkey_removed: "A passkey was removed from your {app} account.",
      passkey_copied: "A passkey of your {app} account was refused: somebody may have a copy. Remove it.",
      new_device: "Somebody signed in to your {app} account with a new device.",
      failed_sign_ins: "Several sign-ins to your {app} account failed today.",
      deletion_requested: "Your {app} account will be deleted. Sign in within 14 days to keep it.",
      deletion_of_inactive:
        "Nobody has used your {app} account for a long time. It will be deleted in 30 days. Sign in to keep it.",
      deletion_stopped: "Your {app} account is not going to be deleted any more.",
    },
    undo: "Not you? Set a new password now and sign out other devices.",
    undoCodes: "Not you? Set a new password now and make new recovery codes.",
    undoFactors: "Not you? Set a new password now and remove what is not yours.",
  },
  tr: {
    subject: "{app} hesabinizda degisiklik",
    happened: {
      password_changed: "{app} sifreniz degistirildi.",
      password_reset: "{app} sifreniz yenilendi, tum cihazlarin oturumu kapatildi.",
      password_reset_held:
        "{app} sifrenizin yenilenmesi beklemeye alindi: numara, adres ve kurtarma kodlari birkac gun degismez.",
      password_code_issued: "Bir yonetici {app} sifrenizi belirleyen bir kod olusturdu.",
      name_changed: "{app} hesabinizin giris adi, numarasi veya adresi degistirildi.",
      change_requested: "{app} hesabinizda bir degisiklik istendi; durdurmazsaniz birkac gun sonra gecerli olur.",
      change_stopped: "{app} hesabinizda bekleyen bir degisiklik durduruldu.",
      name_lost: "{app} hesabinizin numarasi veya adresi baskasi tarafindan dogrulandi ve hesabinizdan cikti.",
      rights_changed: "{app} hesabinizin yetkileri degistirildi.",
      recovery_codes_created: "{app} hesabiniz icin yeni kurtarma kodlari olusturuldu; eskileri gecersiz olur.",
      recovery_code_used: "Bir kurtarma koduyla yeni {app} sifresi belirlendi, tum cihazlarin oturumu kapatildi.",
      second_factor_changed: "{app} hesabinizin ikinci dogrulama adimi kuruldu, degistirildi veya kaldirildi.",
      passkey_added: "{app} hesabiniza bir gecis anahtari eklendi.",
      passkey_removed: "{app} hesabinizdan bir gecis anahtari kaldirildi.",
      passkey_copied: "{app} hesabinizin bir gecis anahtari reddedildi: birinde kopyasi olabilir. Anahtari kaldirin.",
      new_device: "{app} hesabiniza yeni bir cihazla giris yapildi.",
      failed_sign_ins: "Bugun {app} hesabiniza birkac basarisiz giris denemesi oldu.",
      deletion_requested: "{app} hesabiniz silinecek. Kalmasi icin 14 gun icinde giris yapin.",
      deletion_of_inactive:
        "{app} hesabiniz uzun suredir kullanilmadi ve 30 gun sonra silinecek. Kalmasi icin giris yapin.",
      deletion_stopped: "{app} hesabiniz artik silinmeyecek.",
    },
    undo: "Siz degil misiniz? Hemen yeni sifre belirleyin ve diger cihazlarin oturumunu kapatin.",
    undoCodes: "Siz degil misiniz? Hemen yeni sifre belirleyin ve yeni kurtarma kodlari olusturun.",
    undoFactors: "Siz degil misiniz? Hemen yeni sifre belirleyin ve size ait olmayanlari kaldirin.",
  },
  ar: {
    subject: "تغيير في حسابك في {app}",
    happened: {
      password_changed: "تم تغيير كلمة مرورك في {app}.",
      password_reset: "أعيد تعيين كلمة مرورك في {app} وسُجّل خروج كل الأجهزة.",
      password_reset_held: "عُلّقت إعادة تعيين كلمة مرورك في {app}: يبقى رقمك وعنوانك ورموز الاسترداد كما هي لأيام.",
      password_code_issued: "أنشأ مسؤول رمزا لتعيين كلمة مرورك في {app}.",
      name_changed: "تغير اسم الدخول أو الرقم أو العنوان في حسابك في {app}.",
      change_requested: "طُلب تغيير في حسابك في {app} ويسري بعد أيام ما لم توقفه.",
      change_stopped: "أُوقف تغيير كان ينتظر في حسابك في {app}.",
      name_lost: "أكد شخص آخر رقما أو عنوانا كان في حسابك في {app} فأزيل منه.",
      rights_changed: "تغيرت صلاحيات حسابك في {app}.",
      recovery_codes_created: "أنشئت رموز استرداد جديدة لحسابك في {app} وتتوقف القديمة.",
      recovery_code_used: "عُينت كلمة مرور جديدة في {app} برمز استرداد وسُجّل خروج كل الأجهزة.",
      second_factor_changed: "أُعد العامل الثاني لحسابك في {app} أو استُبدل أو أزيل.",
      passkey_added: "أضيف مفتاح مرور إلى حسابك في {app}.",
      passkey_removed: "أزيل مفتاح مرور من حسابك في {app}.",
      passkey_copied: "رُفض مفتاح مرور لحسابك في {app}: قد تكون لدى شخص نسخة منه. أزله.",
      new_device: "تم الدخول إلى حسابك في {app} من جهاز جديد.",
      failed_sign_ins: "فشلت عدة محاولات دخول إلى حسابك في {app} اليوم.",
      deletion_requested: "سيُحذف حسابك في {app}. ادخل خلال 14 يوما ليبقى.",
      deletion_of_inactive: "لم يُستعمل حسابك في {app} منذ مدة طويلة وسيُحذف بعد 30 يوما. ادخل ليبقى.",
      deletion_stopped: "لن يُحذف حسابك في {app}.",
    },
    undo: "لست أنت؟ عيّن كلمة مرور جديدة الآن وسجّل خروج الأجهزة الأخرى.",
    undoCodes: "لست أنت؟ عيّن كلمة مرور جديدة الآن وأنشئ رموز استرداد جديدة.",
    undoFactors: "لست أنت؟ عيّن كلمة مرور جديدة الآن وأزل ما ليس لك.",
  },
  es: {
    subject: "Un cambio en tu cuenta de {app}",
    happened: {
      password_changed: "Se cambio tu clave de {app}.",
      password_reset: "Se restablecio tu clave de {app} y se cerraron todas las sesiones.",
      password_reset_held:
        "El cambio de tu clave de {app} quedo en espera: numero, correo y codigos siguen igual unos dias.",
      password_code_issued: "Un administrador creo un codigo que fija tu clave de {app}.",
      name_changed: "Se cambio un nombre, numero o correo de tu cuenta de {app}.",
      change_requested: "Se pidio un cambio en tu cuenta de {app}; vale en unos dias si no lo detienes.",
      change_stopped: "Se detuvo un cambio pendiente de tu cuenta de {app}.",
      name_lost: "Otra persona verifico un numero o correo de tu cuenta de {app}, y ya no es de tu cuenta.",
      rights_changed: "Se cambiaron los permisos de tu cuenta de {app}.",
      recovery_codes_created: "Se crearon nuevos codigos de recuperacion de {app}; los anteriores dejan de servir.",
      recovery_code_used: "Un codigo de recuperacion fijo una nueva clave de {app} y se cerraron todas las sesiones.",
      second_factor_changed: "El segundo factor de tu cuenta de {app} se activo, se cambio o se quito.",
      passkey_added: "Se agrego una llave de acceso a tu cuenta de {app}.",
      passkey_removed: "Se quito una llave de acceso de tu cuenta de {app}.",
      passkey_copied: "Se rechazo una llave de acceso de tu cuenta de {app}: alguien puede tener una copia. Quitala.",
      new_device: "Se inicio sesion en tu cuenta de {app} con un dispositivo nuevo.",
      failed_sign_ins: "Hoy fallaron varios inicios de sesion en tu cuenta de {app}.",
      deletion_requested: "Tu cuenta de {app} se eliminara. Entra en 14 dias para conservarla.",
      deletion_of_inactive:
        "Tu cuenta de {app} no se usa desde hace mucho y se eliminara en 30 dias. Entra para conservarla.",
      deletion_stopped: "Tu cuenta de {app} ya no se eliminara.",
    },
    undo: "No fuiste tu? Pon una clave nueva ya y cierra las otras sesiones.",
    undoCodes: "No fuiste tu? Pon una clave nueva ya y crea nuevos codigos de recuperacion.",
    undoFactors: "No fuiste tu? Pon una clave nueva ya y quita lo que no sea tuyo.",
  },
  "pt-BR": {
    subject: "Uma mudança na sua conta do {app}",
    happened: {
      password_changed: "A sua senha do {app} foi alterada.",
      password_reset: "A sua senha do {app} foi redefinida e todos os aparelhos foram desconectados.",
      password_reset_held:
        "A redefinicao da sua senha do {app} ficou em espera: numero, e-mail e codigos nao mudam por alguns dias.",
      password_code_issued: "Um administrador criou um codigo que define a sua senha do {app}.",
      name_changed: "Um nome, numero ou e-mail da sua conta do {app} foi alterado.",
      change_requested: "Foi pedida uma mudanca na sua conta do {app}; vale em alguns dias se voce nao a parar.",
      change_stopped: "Uma mudanca pendente da sua conta do {app} foi cancelada.",
      name_lost: "Outra pessoa confirmou um numero ou e-mail da sua conta do {app}, que saiu da sua conta.",
      rights_changed: "As permissoes da sua conta do {app} foram alteradas.",
      recovery_codes_created: "Novos codigos de recuperacao do {app} foram criados; os antigos deixam de valer.",
      recovery_code_used:
        "Um codigo de recuperacao definiu nova senha do {app} e todos os aparelhos foram desconectados.",
      second_factor_changed: "O segundo fator da sua conta {app} foi ativado, trocado ou removido.",
      passkey_added: "Uma chave de acesso foi adicionada a sua conta do {app}.",
      passkey_removed: "Uma chave de acesso foi removida da sua conta do {app}.",
      passkey_copied: "Uma chave de acesso da sua conta do {app} foi recusada: alguem pode ter uma copia. Remova-a.",
      new_device: "Houve um acesso a sua conta do {app} com um aparelho novo.",
      failed_sign_ins: "Hoje falharam varias tentativas de acesso a sua conta do {app}.",
      deletion_requested: "A sua conta do {app} sera excluida. Entre em ate 14 dias para mante-la.",
      deletion_of_inactive:
        "A sua conta do {app} nao e usada ha muito tempo e sera excluida em 30 dias. Entre para mante-la.",
      deletion_stopped: "A sua conta do {app} nao sera mais excluida.",
    },
    undo: "Nao foi voce? Defina uma nova senha agora e desconecte os outros aparelhos.",
    undoCodes: "Nao foi voce? Defina uma nova senha agora e crie novos codigos de recuperacao.",
    undoFactors: "Nao foi voce? Defina uma nova senha agora e remova o que nao for seu.",
  },
  hi: {
    subject: "आपके {app} खाते में बदलाव",
    happened: {
      password_changed: "आपका {app} पासवर्ड बदला गया।",
      password_reset: "आपका {app} पासवर्ड रीसेट हुआ और सभी डिवाइस साइन आउट हुए।",
      password_reset_held: "आपके {app} पासवर्ड का रीसेट रोका गया: नंबर, ईमेल और रिकवरी कोड कुछ दिन नहीं बदलेंगे।",
      password_code_issued: "एडमिन ने आपका {app} पासवर्ड सेट करने का कोड बनाया।",
      name_changed: "आपके {app} खाते का नाम, नंबर या ईमेल बदला गया।",
      change_requested: "आपके {app} खाते में बदलाव का अनुरोध हुआ; न रोकें तो कुछ दिनों में लागू होगा।",
      change_stopped: "आपके {app} खाते का एक लंबित बदलाव रोका गया।",
      name_lost: "आपके {app} खाते का नंबर या ईमेल किसी और ने सत्यापित किया और वह खाते से हट गया।",
      rights_changed: "आपके {app} खाते के अधिकार बदले गए।",
      recovery_codes_created: "आपके {app} खाते के नए रिकवरी कोड बने; पुराने बंद हो जाएंगे।",
      recovery_code_used: "रिकवरी कोड से नया {app} पासवर्ड सेट हुआ और सभी डिवाइस साइन आउट हुए।",
      second_factor_changed: "आपके {app} खाते का दूसरा सत्यापन सेट, बदला या हटाया गया।",
      passkey_added: "आपके {app} खाते में एक पासकी जोड़ी गई।",
      passkey_removed: "आपके {app} खाते से एक पासकी हटाई गई।",
      passkey_copied: "आपके {app} खाते की एक पासकी अस्वीकार हुई: किसी के पास उसकी प्रति हो सकती है। उसे हटा दें।",
      new_device: "आपके {app} खाते में नए डिवाइस से साइन इन हुआ।",
      failed_sign_ins: "आज आपके {app} खाते में साइन इन की कई कोशिशें असफल हुईं।",
      deletion_requested: "आपका {app} खाता हटाया जाएगा। रखने के लिए 14 दिन में साइन इन करें।",
      deletion_of_inactive: "आपका {app} खाता लंबे समय से इस्तेमाल नहीं हुआ और 30 दिन में हट जाएगा। रखने के लिए साइन इन करें।",
      deletion_stopped: "आपका {app} खाता अब नहीं हटेगा।",
    },
    undo: "आप नहीं थे? अभी नया पासवर्ड सेट करें और अन्य डिवाइस साइन आउट करें।",
    undoCodes: "आप नहीं थे? अभी नया पासवर्ड सेट करें और नए रिकवरी कोड बनाएँ।",
    undoFactors: "आप नहीं थे? अभी नया पासवर्ड सेट करें और जो आपका नहीं है उसे हटाएँ।",
  },
  id: {
    subject: "Perubahan pada akun {app} Anda",
    happened: {
      password_changed: "Sandi {app} Anda telah diganti.",
      password_reset: "Sandi {app} Anda disetel ulang dan semua perangkat dikeluarkan.",
      password_reset_held:
        "Penyetelan ulang sandi {app} ditahan: nomor, alamat, dan kode pemulihan tidak berubah beberapa hari.",
      password_code_issued: "Administrator membuat kode untuk menyetel sandi {app} Anda.",
      name_changed: "Nama masuk, nomor, atau alamat akun {app} Anda diganti.",
      change_requested: "Perubahan akun {app} Anda diminta dan berlaku dalam beberapa hari jika tidak Anda hentikan.",
      change_stopped: "Perubahan akun {app} Anda yang menunggu telah dihentikan.",
      name_lost: "Nomor atau alamat akun {app} Anda diverifikasi orang lain dan keluar dari akun Anda.",
      rights_changed: "Hak akun {app} Anda diubah.",
      recovery_codes_created: "Kode pemulihan baru dibuat untuk akun {app} Anda; yang lama tidak berlaku lagi.",
      recovery_code_used: "Kode pemulihan menyetel sandi {app} baru dan semua perangkat dikeluarkan.",
      second_factor_changed: "Faktor kedua akun {app} Anda dipasang, diganti, atau dihapus.",
      passkey_added: "Kunci sandi ditambahkan ke akun {app} Anda.",
      passkey_removed: "Kunci sandi dihapus dari akun {app} Anda.",
      passkey_copied: "Kunci sandi akun {app} Anda ditolak: mungkin ada yang memiliki salinannya. Hapus kunci itu.",
      new_device: "Ada yang masuk ke akun {app} Anda dengan perangkat baru.",
      failed_sign_ins: "Beberapa upaya masuk ke akun {app} Anda gagal hari ini.",
      deletion_requested: "Akun {app} Anda akan dihapus. Masuk dalam 14 hari agar tetap ada.",
      deletion_of_inactive:
        "Akun {app} Anda sudah lama tidak dipakai dan akan dihapus dalam 30 hari. Masuk agar tetap ada.",
      deletion_stopped: "Akun {app} Anda tidak jadi dihapus.",
    },
    undo: "Bukan Anda? Setel sandi baru sekarang dan keluarkan perangkat lain.",
    undoCodes: "Bukan Anda? Setel sandi baru sekarang dan buat kode pemulihan baru.",
    undoFactors: "Bukan Anda? Setel sandi baru sekarang dan hapus yang bukan milik Anda.",
  },
  fr: {
    subject: "Un changement sur votre compte {app}",
    happened: {
      password_changed: "Votre mot de passe {app} a été changé.",
      password_reset: "Votre mot de passe {app} a été réinitialisé et tous les appareils déconnectés.",
      password_reset_held:
        "La réinitialisation du mot de passe {app} est suspendue; numéro, adresse et codes restent inchangés.",
      password_code_issued: "Un administrateur a créé un code qui définit votre mot de passe {app}.",
      name_changed: "Un nom, numéro ou une adresse de votre compte {app} a été changé.",
      change_requested:
        "Un changement de votre compte {app} a été demandé et prend effet dans quelques jours, sauf si vous l'arrêtez.",
      change_stopped: "Un changement en attente de votre compte {app} a été arrêté.",
      name_lost: "Une autre personne a vérifié un numéro ou une adresse de votre compte {app}, qui n'y est plus.",
      rights_changed: "Les droits de votre compte {app} ont été changés.",
      recovery_codes_created: "De nouveaux codes de secours {app} ont été créés; les anciens ne valent plus.",
      recovery_code_used:
        "Un code de secours a défini un nouveau mot de passe {app}; tous les appareils sont déconnectés.",
      second_factor_changed: "Le second facteur de votre compte {app} a été activé, remplacé ou retiré.",
      passkey_added: "Une clé d'accès a été ajoutée à votre compte {app}.",
      passkey_removed: "Une clé d'accès a été retirée de votre compte {app}.",
      passkey_copied:
        "Une clé d'accès de votre compte {app} a été refusée: quelqu'un en a peut-être une copie. Retirez-la.",
      new_device: "Une connexion à votre compte {app} a eu lieu avec un nouvel appareil.",
      failed_sign_ins: "Plusieurs connexions à votre compte {app} ont échoué aujourd'hui.",
      deletion_requested: "Votre compte {app} va être supprimé. Connectez-vous sous 14 jours pour le garder.",
      deletion_of_inactive:
        "Votre compte {app} n'a pas servi depuis longtemps et sera supprimé dans 30 jours. Connectez-vous pour le garder.",
      deletion_stopped: "Votre compte {app} ne sera plus supprimé.",
    },
    undo: "Ce n'est pas vous? Changez le mot de passe maintenant et déconnectez les autres appareils.",
    undoCodes: "Ce n'est pas vous? Changez le mot de passe maintenant et créez de nouveaux codes de secours.",
    undoFactors: "Ce n'est pas vous? Changez le mot de passe maintenant et retirez ce qui n'est pas à vous.",
  },
};
