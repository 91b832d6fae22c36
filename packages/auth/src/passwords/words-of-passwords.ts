/**
 * Words that people choose in languages of which the list of the commonest knows little, without their diacritics: the word for a password, for
 * love, God and home, clubs, cities, first names, the rows of keyboards. A word counts with a year or `123` behind it, so short ones stand here too.
 */
export const wordsOfPasswords: readonly string[] = [
  // The commonest that the list does not have.
  "!@#$%^&* asdf;lkj acropolis bestfriends classroom cornflake cunningham estrellita flowerpot gammaphi garfunkel good-luck hallowell histoire",
  "informix instructor jesucristo jethrotull justice4 lipgloss lissabon majordomo mattingly montana3 morecats newaccount newcourt princesita",
  "poiuytrewq lkjhgfdsa lkjhgfds mnbvcxz 0987654321 fingerig films+pic+galeries sentnece outoutout rastafarian sample123 slideshow student2 thejudge thelorax whoville winniethepooh zacefron",
  // Turkish
  "sifre sifrem parola parolam merhaba askim askimsin seviyorum seniseviyorum turkiye turkiyem istanbul ankara izmir antalya bursa trabzon",
  "galatasaray fenerbahce besiktas trabzonspor cimbom aslan kartal kanarya ataturk mustafa mehmet ahmet ayse fatma zeynep elif emre murat",
  "canim hayatim allah bismillah inshallah masallah qwertyu giris deneme yonetici",
  "gunaydin kullanici sevgilim bebegim cicek gunes yildiz karakartal ultraslan fener sarikanarya gs1905 fb1907 bjk1903 ts61 konya adana huseyin",
  "merve busra kubra tugba melek prenses kral vatan bayrak anadolu gizli guvenlik bilgisayar istanbul34 ankara06 izmir35 ataturk1881 ataturk1923",
  // French
  "motdepasse monmotdepasse azerty azertyuiop azertyui doudou loulou soleil bonjour jetaime chocolat chouchou marseille paris olympique",
  "coucou bienvenue nicolas camille mathilde vacances",
  // German, Dutch, Nordic
  "passwort meinpasswort kennwort qwertz qwertzui qwertzuiop hallo hallowelt schatz schatzi liebe ichliebedich sommer winter fruhling herbst",
  "fussball schalke dortmund bayern hamburg berlin wachtwoord welkom geheim voetbal ajax feyenoord losenord sommar vinter hejsan passord",
  "hemmelig adgangskode salasana kissa kesakuu perkele",
  // Spanish, Portuguese, Italian
  "contrasena contrasenia clave teamo tequiero amor miamor amormio barcelona realmadrid madrid mexico america corazon princesa hola holamundo",
  "senha minhasenha senhas flamengo corinthians palmeiras saopaulo vasco brasil benfica sporting fcporto portugal amomuito deusefiel jesus",
  "jesusteama ciao ciaociao amore amoremio tiamo juventus napoli inter milan roma forzaroma italia password parolachiave benvenuto",
  // Polish, Czech, Hungarian, Romanian
  "haslo mojehaslo polska kochamcie kocham misiek legia krakow heslo mojeheslo slunicko milacek sparta slavia praha jelszo szeretlek budapest",
  "ferencvaros parola teiubesc steaua bucuresti romania",
  // Russian, Ukrainian, and what their keyboards make of it
  "пароль мойпароль йцукен йцукенг йцукенгшщз привет любовь люблю любимая любимый солнышко спартак зенит россия москва наташа марина",
  "максим андрей сергей дмитрий кристина qwerty зайчик котенок фывапролджэ ячсмить parol privet lubov yagoda nastya spartak zenit rossiya moskva",
  "marina maksim zaichik ytrewq ghbdtn gfhjkm кохання україна київ динамо ukraina kiev dynamo",
  // Greek, Hebrew, Arabic, Persian, Hindi, Bengali, Urdu
  "κωδικοσ κωδικος ολυμπιακος παναθηναικος kodikos olympiakos panathinaikos סיסמה סיסמא שלום אהבה sisma shalom كلمةالسر كلمة مرحبا حبيبي الله بسمالله",
  "kalimat habibi habibti marhaba ahlawsahlan allahakbar mohammed muhammad alhamdulillah رمزعبور سلام دوستدارم خدا ramzobur salam iran tehran",
  "perspolis esteghlal पासवर्ड नमस्ते भारत namaste bharat india jaihind krishna ganesh sairam omsairam jaimatadi bangladesh pakistan",
  // Indonesian, Malay, Vietnamese, Thai, Filipino
  "sandi katasandi rahasia sayang sayangku cinta cintaku aku indonesia jakarta persib persija malaysia matkhau maiyeu anhyeuem yeuem vietnam hanoi",
  "saigon รหัสผ่าน สวัสดี thailand mahalkita mahalko pilipinas pinoy",
  // Chinese, Japanese, Korean
  "密码 我爱你 你好 woaini woaiwojia aini mima nihao 5201314 1314520 zhongguo beijing パスワード さくら ありがとう sakura arigatou aishiteru doraemon",
  "pokemon nippon tokyo 비밀번호 사랑해 안녕 saranghae bimilbeonho daehanminguk",
  // Swahili, Amharic and others
  "nenosiri nakupenda mungu kenya tanzania ethiopia nigeria",
  // More of some of these, and Bulgarian, Serbian, Croatian, Azeri, Kazakh and Uzbek
  "lyon geheimnis willkommen bienvenido mudar123 meuamor forzanapoli фывапр ячсмит админ україна сонечко привіт слава славаукраїні lechpoznan",
  "heslo123 miluju ahoj liefje fotboll alskling kaerlighed kesa jokerit ελλαδα αγαπη ελενη agapi kicsim парола левски цска българия обичам",
  "sifra lozinka zaporka ljubav hajduk zvezda partizan كلمةالمرور احبك محمد السعودية القاهرة الهلال الاهلي پسورد پاسورد گذرواژه ایران تهران",
  "پرسپولیس استقلال دوستتدارم ישראל ירושלים מכבי bharat woaini1314 admin888 ぱすわーど dkssud qlalfqjsgh tkfkdgo ฉันรักคุณ akusayangkamu",
  "katalaluan sifre qarabag sevgi baki azerbaycan құпиясөз қазақстан алматы ozbekiston toshkent parola123 пароль123",
].flatMap((line) => line.split(" "));
