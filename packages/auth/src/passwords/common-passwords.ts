const words = `
!@#$%^ !@#$%^& !@#$%^&* 0.0.0.000 0.0.000 000000 00000000 000007 007007 01011900 01011910 01011960 01011970 01011971
01011972 01011973 01011974 01011975 01011976 01011977 01011978 01011979 01011980 01011981 01011982 01011983 01011984
01011985 01011986 01011987 01011988 01011989 01011990 01011991 01011992 01011993 01011994 01011995 01011999 01012000
01012001 01012010 01012011 010203 01020304 01021985 01021987 01021988 01021989 01021990 01021992 01031983 01031984
01031985 01031986 01031988 01031989 01041980 01041985 01041987 01041988 01041990 01041992 01051985 01051986 01051988
01051989 01051990 01061986 01061987 01061988 01061990 01071984 01071986 01071987 01081985 01081989 01081990 01081992
01091985 01091987 01091989 01091992 01101987 01121986 01121987 01121988 01121990 012345 0123456 0123456789 0192837465
02011975 02011976 02011977 02011979 02011980 02011981 02011982 02011983 02011984 02011985 02011986 02011987 02011988
02011989 02011990 02021971 02021973 02021976 02021978 02021979 02021980 02021981 02021982 02021983 02021984 02021985
02021986 02021987 02021988 02021989 02021990 02021991 02031973 02031974 02031975 02031977 02031978 02031979 02031980
02031981 02031982 02031983 02031984 02031985 02031986 02031987 02031988 02031989 02031990 02031991 02041972 02041973
02041974 02041975 02041976 02041977 02041978 02041979 02041980 02041981 02041982 02041983 02041984 02041985 02041986
02041987 02041988 02041989 02051970 02051972 02051973 02051975 02051976 02051977 02051978 02051979 02051980 02051981
02051982 02051983 02051984 02051985 02051986 02051987 02051988 02051989 02051990 02061971 02061972 02061974 02061976
02061977 02061978 02061979 02061980 02061981 02061982 02061983 02061984 02061985 02061986 02061987 02061988 02061989
02071971 02071975 02071976 02071977 02071978 02071979 02071980 02071981 02071982 02071983 02071984 02071985 02071986
02071987 02071988 02071989 02081973 02081974 02081976 02081977 02081979 02081980 02081981 02081982 02081983 02081984
02081985 02081986 02081987 02081988 02081989 02091971 02091973 02091975 02091976 02091977 02091980 02091981 02091982
02091983 02091984 02091985 02091986 02091987 02091988 02091989 02101973 02101976 02101977 02101978 02101979 02101980
02101981 02101983 02101984 02101985 02101986 02101987 02101988 02101989 03011987 03021986 03031986 03031988 03031990
03031992 03031993 03041980 03041983 03041986 03041987 03041991 03051986 03051987 03051988 03061987 03071986 03071987
03081989 03082006 03091983 03111987 04041983 04041985 04041986 04041987 04041988 04041990 04041991 04051985 04051988
04061984 04061986 04061987 04061991 04071986 04071988 04081987 04091986 04111988 05011987 05021987 05021988 05031987
05031990 05031991 05051985 05051987 05051989 05051990 05051991 05061986 05061990 05071984 05071988 05081988 05091988
05111986 05121990 06011988 06021986 06021987 06031983 06031992 06041987 06041988 06051986 06061981 06061985 06061986
06061987 06071983 06081987 07021991 07041987 07051987 07051990 07071977 07071982 07071984 07071985 07071987 07071988
07071989 07071990 07081986 07081987 07091982 07091988 07091990 07101984 07101987 08011986 08021990 08031985 08031986
08041986 08051987 08051989 08051990 08061987 08071987 08071988 08081986 08081988 08081990 08101986 08111984 08121986
08121987 09021988 09021989 09031988 09041986 09041987 09051945 09051986 09051987 09081985 09081988 09091986 09091988
09111987 098765 0987654321 10011983 10011986 10011988 10011990 10011992 10021986 10021987 10031987 10031988 10031989
10031990 10031991 10031993 10041983 10041986 10041987 10041990 10041991 10051987 10051988 10051990 10061984 10061985
10061986 10061987 10061989 10071985 10071986 10071987 10071988 10071990 10081983 10081985 10081987 10081989 10081990
10091984 10091986 101010 10101980 10101985 10101986 10101988 10101989 10101990 10111986 10121985 10121986 10121987
102030 10203040 102938 10293847 1029384756 10sne1 11011987 11011989 11011990 11011991 11021985 11031983 11031988
11041990 11041991 11051984 11051986 11051987 11051988 11051990 11061985 11061989 11061991 11071985 11071986 11071987
11071988 11071989 11081986 11081987 11081988 11081989 11081990 11091984 11091985 11091986 11091989 11101986 111111
11111111 11111986 11111987 11112222 11121985 11121986 11121987 111222 111222333 111222333444555 11221122 112233
11223344 1122334455 112358 11235813 1123581321 12011985 12011987 12011989 12021984 12021985 12021988 12021991 12031985
12031987 12031988 12031990 12041986 12041988 12041990 12051985 12051986 12051987 12051988 12051989 12051990 12061986
12061987 12061988 12071984 12071987 12071988 12071989 12071990 12071991 12081983 12081984 12081985 12081987 12081988
12081990 12091988 12091991 12101984 12101985 12101988 12101989 12101990 12111985 12111990 12111991 121212 12121982
12121985 12121986 12121987 12121988 12121989 12121990 12121991 12131213 121314 12131415 12211221 122333444455555
12301230 123098 123123 12312312 123123123 123123a 1232323q 123321 123321123 123321q 1234321 12344321 1234509876
123454321 1234554321 123456 123456123 123456654321 1234567 12345678 1234567887654321 123456789 1234567890
12345678900987654321 1234567890987654321 1234567890a 1234567890q 1234567890qwerty 1234567891 12345678910
12345678987654321 1234567899 123456789987654321 123456789a 123456789d 123456789m 123456789q 123456789qwe
123456789qwerty 123456789s 123456789z 12345678a 12345678q 12345679 1234567a 1234567q 123456a 123456aa 123456as 123456k
123456q 123456qqq 123456qw 123456qwe 123456qwerty 123456ru 123456z 123457 12345a 12345abc 12345q 12345qaz 12345qwe
12345qwer 12345qwert 12345qwerty 12348765 1234abcd 1234asdf 1234qwe 1234qwer 1234qwerasdfzxcv 1234rewq 1234zxcv 123654
12365478 123654789 12369874 123698745 123789 123789456 123987 123abc 123asd 123qaz 123qq123 123qwe 123qwe123 123qweasd
123qweasdzxc 123qwert 123qwerty 123zxc 124578 12qw12qw 12qw34er 12qwaszx 13011987 13011988 13021985 13021987 13021990
13031986 13031987 13031989 13041987 13041988 13051987 13051990 13061985 13061986 13061987 13061991 13071984 13071985
13071987 13071989 13071990 13081985 13091984 13101982 13101987 13101988 13111984 13111990 13121983 13121985 131313
132435 13243546 134679 134679852 135790 135792468 1357924680 135798642 1366613 14011986 14011987 14011988 14011989
14021983 14021985 14021986 14021987 14021989 14021990 14031988 14031989 14041986 14041987 14041988 14041992 14051990
14061991 14071986 14071987 14071988 14081985 14081988 14081990 14091990 14101986 14101987 14101988 14111986 14121989
141414 141627 142536 147258 14725836 147258369 147852 147852369 1478963 14789632 147896325 14881488 15011983 15011985
15011986 15011987 15021983 15021985 15021986 15021990 15031988 15031990 15041987 15041988 15051981 15051985 15051986
15051987 15051990 15061985 15061988 15071983 15071985 15071986 15071987 15071988 15081986 15081988 15081990 15081991
15091985 15091987 15091988 15091989 15101986 15111984 15111988 15111989 15121987 151515 15426378 159357 159753 159951
16011987 16011989 16021987 16021990 16031988 16031990 16051985 16051987 16051988 16051989 16051990 16061985 16061986
16061987 16061988 16071987 16071991 16081986 16091987 16091988 16101987 16111982 16111990 16121986 16121987 17011987
17011990 17021985 17021987 17021989 17031987 17041987 17041991 17051987 17051988 17051989 17051990 17061986 17061988
17061989 17061991 17071985 17071989 17091987 17101986 17101987 17111985 171717 18011985 18011986 18011987 18011988
18021984 18021986 18021987 18021988 18021992 18031988 18031991 18041986 18041990 18041991 18051987 18051988 18051989
18051990 18061985 18061990 18061991 18081988 18091985 18091986 18101985 18101987 18111986 18111987 18121983 18121984
18121987 181818 18436572 19011987 19011989 19021990 19021991 19031985 19031987 19051986 19051987 19061985 19061987
19061990 19061991 19061992 19071986 19071988 19071990 19091983 19091988 19091990 19101986 19101987 19101990 19111986
19111987 19121989 19283746 192837465 19411945 1a2b3c 1a2b3c4d 1a2s3d4f 1chris 1kitty 1michael 1million 1passwor 1q2w3e
1q2w3e4r 1q2w3e4r5 1q2w3e4r5t 1q2w3e4r5t6y 1qa2ws3ed 1qa2ws3ed4rf5tg 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2
1qazxsw23edc 1qazxsw23edcvfr4 1qazzaq1 1qw23e 1x2zkg8w 1z2x3c4v 20011988 20011989 20021985 20021986 20021988 20031986
20031987 20031988 20031991 20041985 20041986 20041988 20041990 20051985 20051987 20051988 20051989 20061983 20061984
20061986 20061988 20061990 20071986 20071988 20081986 20081991 20091986 20091988 20091991 20101988 20111986 20121986
20121988 20121989 202020 21011988 21011989 21011991 21021985 21021987 21031984 21031985 21031987 21031988 21031990
21041985 21041992 21051986 21051988 21051991 21061985 21061986 21061988 21071987 21071989 21071992 21081985 21081987
21101986 21101989 21111985 21111990 21121985 21121986 21122112 212121 22011985 22011986 22011988 22011992 22021985
22021986 22021988 22021989 22021990 22031984 22031986 22031991 22041985 22041986 22041987 22041988 22051986 22051987
22051989 22051991 22061941 22061984 22061985 22061987 22061988 22061989 22061990 22071983 22071984 22071985 22071986
22071987 22071989 22071990 22071991 22081983 22081986 22081991 22091986 22091988 22091991 22111985 22121983 22121986
22121987 22121989 222222 223344 23011985 23011990 23021985 23021986 23021988 23021989 23031986 23031987 23031990
23041986 23041987 23051983 23051985 23051986 23051987 23051990 23051991 23061989 23061990 23061992 23071985 23091985
23091986 23091987 23091989 23111987 23111989 23121986 23176djivanfros 232323 23skidoo 24011985 24011987 24011990
24021988 24021991 24031987 24031988 24031990 24041988 24051990 24061986 24061987 24061988 24061992 24071987 24071991
24081988 24091986 24091991 24101986 24101989 24111987 24111989 24111990 24121986 24121987 242424 246810 25011985
25011986 25011990 25011993 25021988 25031983 25031987 25031991 25041985 25041988 25041991 25051985 25051987 25061985
25061986 25061987 25071990 25081985 25081986 25081988 25091987 25091990 25101988 25101989 25111987 25121985 25121987
252525 25800852 25802580 258456 26021987 26031984 26031986 26031987 26031988 26031990 26041986 26041991 26051986
26051988 26061985 26061986 26061987 26071986 26071987 26071989 26081986 26091986 26101986 26101987 26111985 27011988
27021990 27021991 27021992 27031986 27031987 27031989 27031992 27041985 27041990 27051987 27061983 27061985 27061988
27071987 27081986 27081990 27091985 27111985 27111989 28011987 28011988 28021985 28021986 28021990 28021992 28031982
28041987 28041992 28051985 28051986 28051987 28051990 28061986 28061988 28071986 28071987 28081986 28081990 28101986
28121984 29011982 29011985 29011987 29031988 29041985 29051985 29051989 29051990 29061985 29061986 29061988 29061989
29061990 29071983 29071985 29081985 29081990 29091987 29111989 29121987 30011985 30011986 30011987 30011990 30031986
30031988 30031992 30041985 30041986 30041987 30041991 30051985 30051987 30051989 30061983 30061987 30071986 30081984
30091989 30111987 30121986 30121987 31011987 31011990 31031987 31031988 31051985 31051993 31071990 31101987 31121987
31121988 31121990 314159 31415926 315475 321654 321654987 333333 362436 369258147 3bears 420842084208555 44332211
444444 445566 456123 456654 456789 456852 45m2do5bs 4815162342 4runner 50cent 50spanks 51505150 5201314 555555 555666
57chevy 5wr2i7h8 654321 66613666 666666 666777 666999 6751520 696969 69camaro 73501505 74108520 741852 741852963
753159 753951 777777 7777777 7777777a 789456 78945612 789456123 7894561230 7895123 789654 789654123 7dwarfs 7ugd5hip2j
852456 8675309 87654321 888888 88888888 8j4ye3uz 906090 911911 9293709b13 9379992 951753 963852 963852741 987456
987456321 987654 987654321 999999 99999999 999999999 @#$%^& a12345 a123456 a1234567 a12345678 a123456789 a1b2c3
a1b2c3d4 a1s2d3f4 aa123456 aaa111 aaaaaa aaliyah aardvark abacab abbott abc123 abc12345 abcd123 abcd1234 abcdef
abcdefg abcdefg1 aberdeen abgrtyu abigail abnormal abrakadabra absolut absolute absolutely access access14 accord
account achilles acidburn acropolis action active adgjmptw adidas admin1 adrenalin adrian adriana adrienne adrock
aerobics aezakmi africa agent007 aggies aikido airborne airbus airforce airplane airwolf aki123 aksjdlasdakj89879
alabama alaska albatros albert alberto alcatraz alejandr alejandra alejandro aleksandr aleksandra alessandro alexalex
alexande alexander alexander1 alexandr alexandra alexandre alexis alfaro alfred alfredo alice1 alicia aliens alison
allegro alleycat alliance allison allison1 allstate almighty alpha1 alphabet alpine altamira althea altima altima1
always alyssa amadeus amanda amanda1 amateur amateurs amazing amazon amber1 ambrosia amelia amelie america america1
american amethyst amigas amigos amistad amorcito amores amsterda amsterdam anaconda anakin analsex anamaria anarchy
anastasi anastasia anastasiya anders andersen anderson andre1 andrea andrea1 andreas andreea andrei andres andrew
andrew! andrew1 andrey andromed andromeda andyod22 anfield angel1 angel123 angela angeles angelica angelika angelina
angelito angelo angels angie1 anhyeuem animal animals annabell anneli annette annmarie antares antelope anthony
anthony1 antonina antonio anubis anything aolsucks apache apollo apollo11 apollo13 apple1 apple123 apple2 applepie
apples aptiva aquarius aragorn archange archer archie area51 argentin argentina ariana ariane arizona arkansas arlene
armagedon armando armstron arnold arsenal arsenal1 artemis arthur artist arturo asd123 asdasd asdf123 asdf1234
asdf;lkj asdfasdf asdffdsa asdfgh asdfgh01 asdfghj asdfghjk asdfghjkl asdfjkl asdfjkl; asdfzxcv asdqwe123 asdzxc
ashlee ashleigh ashley ashley1 ashraf ashton aspirine assass assassin assfuck asshole asshole1 assholes assman
assmunch asterix astros athena atlanta atlantic atlantis atomic attack attila attitude auburn auckland audrey august
augustus aurora aussie austin austin31 australi australia autumn avalanch avalon avatar avenger avenir aviation
awesome awesome1 ayelet aylmer azamat azerty azertyui azertyuiop azsxdc azsxdcfv babies babybaby babyblue babyboo
babyboy babycake babydoll babyface babygirl babygirl1 babygurl babyko babylon babylon5 babylove backdoor backup badass
badboy badger badgirl baggins bailey baller balloons baltimor bambam bamboo banana bananas bandit bangbang bangkok
banshee baracuda baraka barbados barbara barbie barcelon barcelona barefoot baritone barkley barney barney1 barnyard
barrett barselona bartman baseball baseball1 basket basketba basketball bassman bastard bastards batista batman
batman1 battle baxter bcfields beaches beagle beaner beanie bearbear bearcats beasty beatles beatles1 beatrice beatriz
beautifu beautiful beauty beaver beavis beavis1 bebita beckham beefcake beerbeer beethove beetle belgium belinda
belize belmont bender benessere benfica benjamin bennett benoit benson bentley beowulf bergkamp berkeley berlin
bernard bernardo bernie bertha bestfriend bestfriends betacam bethany bettyboo bettyboop beverly beyonce bharat bhebhe
bhrh0h2oof6xbqjeh bianca bichon bicycle bigballs bigben bigbird bigblock bigboobs bigbooty bigboss bigboy bigcock
bigdaddy bigdick bigdicks bigdog bigfoot bigger biggie biggles bigguy bigmac bigman bigmoney bigone bigpoppa bigred
bigtits bigtruck billabon billabong billbill billie billy1 billybob billyboy bimmer binladen biochem biology bird33
birdie birdman birthday biscuit bishop bismarck bismillah bitch1 bitchass bitches biteme bitter blabla black1 blackbir
blackbird blackcat blackdog blackhaw blackie blackjac blackjack blacklab blackman blackout blacks blacky blades
blahblah blanche blaster blazer blessed blessing blinds blink182 blizzard blonde blondes blondie bloody blowfish
blowjob blowme blue123 blue1234 blue22 blueball bluebell bluebird blueblue blueeyes bluefish bluejays bluejean
bluemoon bluesky bluesman bobafett bobbie bobbob bobcat bobdylan boeing bogart bogdan bohica bollocks bollox bombay
bomber bond007 bondage bonehead bonita bonjour bonnie boobie boobies booboo booger boogie bookworm boomboom boomer
booster bootsie borabora bordeaux borussia bossman boston bottom boulder bourbon bowler bowling bowser bowwow boxers
bpgjldsgjldthnf bradford bradley bradley1 branch brandi brando brandon brandon1 brandy brasil braves brazil breast
breeze brenda brendan brewster brianna bridge bridges bridget bright brighton brigitte britain britney brittany
brittney broadway broken broker bronco broncos broncos1 bronte brooke brooklyn brooks brother brothers brownie
browning browns brucelee bruins brutus bryant bubba1 bubba123 bubbas bubble bubblegum bubbles bubbles1 buckeye
buckeyes buckshot budapest buddha buddy1 buddy123 buddyboy budgie budlight budman budweise budweiser buffalo buffalo1
buffett bugger building bulldog bulldog1 bulldogs bullet bullfrog bullseye bullshit bunghole burger burton business
buster buster1 butler butter buttercu buttercup butterfl butterfly butterfly1 buttfuck butthead butthole button
buttons bynthytn byteme c00per cabernet cactus cadillac caesar caitlin calendar calgary caliente californ california
caligula calimero callaway callie callisto calvin calvin1 camaro camaross cambiami cambridg camelot camels cameltoe
camera cameron cameron1 camila camille campbell camping canada canadian cancel cancer candyass candyman canela
cannabis cannibal cannon cannondale cantik cantona capetown capital capitals capone capricor capricorn capslock
captain captain1 carbon cardinal cardinals carebear carlitos carlos carlton carmen carnage carnival carol1 carole
carolina caroline carolyn carpedie carpente carpet carrie carrot carson carter cartman cartman1 cartoon cartoons
casanova cascade caserta casey1 cashmone cashmoney casino casper cassandr cassandra cassidy cassie castillo castle
catalina catalog catch22 catdog catfish catherin catherine catman catnip catwoman cavalier cbr900rr ccbill cccccc
cdtnkfyf cecile cecilia celeste celica celine celtic celtics cement center central cerberus cessna cfitymrf chacha
chainsaw challeng challenge chambers chameleon champion champs chance chandler chanel change changeit changeme chantal
chapman charger chargers charisma charity charlene charles charles1 charlie charlie1 charlie2 charlott charlotte
charlton charly charmed cheche checkers cheerleader cheers cheese chelsea chelsea1 chemical cherokee cherries cherry
cheryl cheshire chester chester1 chestnut chevelle chevrole chevrolet chevy1 cheyenne chiara chicago chicago1 chichi
chicken chicken1 chickens chicks chiefs children chinacat chinook chipmunk chipper chiquita chivas chocolat chocolate
choochoo chopper chouchou chouette chris1 chris123 chrisbln chrisbrown chrissy christ christ1 christia christian
christie christin christina christine christma christmas christop christoph christopher christy chronic chronos
chrysler chubby chuckles chucky church cicero cinder cinderella cindy1 cinema cinnamon circuit cirque cirrus citation
cjkysirj cjkywt claire clancy clapton clarence clarinet clarissa clarkson classic classics classroom claude claudel
claudia claymore clayton clemente cleopatr cleopatra clevelan cleveland clifford clinton clipper clippers clitoris
cloclo clover clueless cnfybckfd cobain cocacola cocksuck cocksucker coffee coldbeer coldplay colette colleen college
collins colombia colonial colorado colors colt45 coltrane columbia columbus comanche command commande commander
commando compaq complete compton computer computer1 concept concorde concrete condor confused connect conner connie
connor conquest conrad constant consumer content contract control cookie cookie1 cookies cooking coolbean coolcool
cooldude cooler coolio coolman coolness cooper cooter copper corazon cordelia corleone cornflake cornwall corona
corrado corvette corwin cosmos costello cosworth cotton cougar cougars country courier courtney coventry cowboy
cowboys cowboys1 coyote crack1 cracker crackers crawford crazy1 crazybab creampie creation creative creature crescent
cricket cricket1 criminal crimson cristian cristina crjhgbjy cromwell crowley cruise crusader crystal crystal1 cthulhu
cthutq cucumber cuddles cuervo cumming cumshot cunningham cupcake curious current curtis customer cuteako cuteme
cutiepie cutlass cutter cxfcnmt cyclone cygnusx1 cynthia cyrano daddy1 daddysgirl daedalus dagger dagger1 daisie
daisy1 daisydog dakota dallas dalton damian damien dammit dancer dancing danger daniel daniel1 daniela danielle daniil
danila dannyboy daphne darkange darkangel darklord darkman darkness darkside darkstar darling darren darryl darwin
database daughter david1 david123 davids davidson dawson daylight daytek daytona dbrnjhbz deadhead deadman deadpool
deanna death666 debbie deborah december decker deedee deepthroat deeznuts deeznutz defender defiant deftones delano
delaware delete delfin deliver delldell delpiero delta1 denali denise dennis denver depeche derparol derrick desert
design designer desire desiree deskjet destiny destiny1 detroit deutsch devil666 devildog devils devine dexter
dfcbkbcf dfkthbz dfktynby dfktynbyf dfvgbh dharma diablo diamond diamond1 diamonds dianne dickens dickhead diesel
dietcoke digger digital digital1 dilbert dilbert1 dilligaf dillon dillweed dinamo dingdong dinosaur dipper director
dirtbike discover disney dkflbckfd dkflbvbh doberman doctor dodger dodgeram dodgers dodgers1 dogbert doggie doghouse
dogman dogpound doitnow dolemite dollar dollars dolphin dolphin1 dolphins dominic dominion dominiqu dominique domino
donald donkey donnie dontknow doobie doodle doogie dookie doomsday dorothy double doudou doughboy dougie douglas
download downtown dracula dragon dragon1 dragon12 dragon69 dragonba dragonball dragonfl dragonfly dragons dragster
dreamcas dreamer dreams driver drizzt drowssap drpepper drummer drummer1 dthjybrf dublin ducati duckie dudedude dudley
dukeduke dumbass duncan dundee durango dustin dutchess dwight dynamite e-mail eagle1 eagles earnhard earthlink easter
eastern eastside eastwood eatpussy eatshit eclipse eclipse1 edmonton edmund eduard eduardo edward eeyore eggplant
eileen einstein ekaterina elaine elcamino eldorado electric electron element elements eleonora elephant eleven elijah
elina1 elisabet elissa elizabet elizabeth elizaveta elliot elliott elvira elvis1 elwood emerald eminem emmanuel emmitt
empire energy enforcer engage engine engineer england england1 english enigma enrique enternow enterpri enterprise
entropy ericsson ernest ernie1 erotic escalade escape escort escort1 espresso estelle esther estrella estrellita
eternity etoile eugene europe evangelion evelyn everlast everton evolutio evolution excalibu excalibur exchange exigen
exigent explore explorer export express extreme f00tball fabian facebook faculty fairlane fairview faithful falcon
falcons fallen familia family family1 fandango fantasia fantasy fantomas farmer farout farscape farside fashion
fastball faster fatass fatboy fatcat father fatima fatman favorite6 fearless february federico feedback feelgood
felipe fellatio fender fenris ferguson fernand fernanda fernando ferrari ferrari1 ferret ferris festival fetish
fgtkmcby ficken fiction fidelity figaro fighter filter finance finger finish fireball firebird fireblad firefigh
firefire firefly firefox fireman firenze firewall fishbone fisher fishes fishfish fishhead fishie fishing fishing1
fitness fkbyjxrf fktrcfylh fktrcfylhf fktrctq flamengo flames flamingo flanders flatron fletch fletcher fleurs
flexible flight flipflop flipper florence flores florida florida1 flounder flower flowerpot flowers fluffy flyboy
flyers foobar football football1 fordf150 forest forever forever1 forget forgetit forgot formula formula1 forrest
forsaken fortress fortuna fortune forward fossil foster fountain foxtrot foxylady fozzie france frances francesc
francesco francine francis francisc francisco franco francois frank1 franka frankie frankie1 franklin franky freak1
freaks freaky freckles freddie freddy frederic frederik fredfred fredrick freebird freedom freedom1 freefall freefree
freeman freepass freeporn freeuser french french1 friday friend friendly friends friendship friendster frisco frogger
froggie froggies froggy front242 frontier frosty fuck_inside fucked fucker fuckers fuckface fuckfuck fuckhead fucking
fuckinside fuckit fuckme fuckme69 fuckoff fuckoff1 fuckthis fuckyou fuckyou1 fuckyou2 fugazi fullmoon function funguy
funstuff funtime fusion fussball futurama future fyfcnfcbz fyfnjkbq fylhtq fyutkbyf fyutkjxtr gabrie gabriel gabriel1
gabriela gabriele gabriell gaelic galaxy galileo galina galore gambit gambler gamecock gamecube gameover gammaphi
gandako gandalf gandalf1 gangbang gangsta gangster gannibal garbage garcia garden garfield garfunkel gargoyle garlic
garnet garrett gasman gaston gateway gateway1 gateway2 gatita gatito gator1 gatorade gators gbhfvblf gbpltw geheim
gemini general generals genesis genesis1 genius geoffrey george george1 georgia gerald gerard german germany germany1
geronimo gertrude gesperrt getmoney getout getsome gfhjkm gfhjkm123 gfhjkmgfhjkm ggeorge ghbdtn ghbdtn123 ghbdtnbr
ghblehjr ghbywtccf ghhh47hj7649 ghjcnj ghjcnjgfhjkm ghjcnjnfr ghjuhfvvf ghostrider giants gibbons gibson gilbert
gilgamesh gilles gillian gilligan ginger giovanna giovanni giselle giuseppe gizmo1 gizmodo gjkbyf gladiato gladiator
glider1 glitter global gloria gmoney gn56gn56 goaway goblin goblue gocougs goddess godfathe godfather godiva godsmack
godzilla goethe gofish goforit gogators goldberg golden goldeney goldfing goldfish goldie goldstar goldwing golfball
golfer golfgolf golfing gollum gonzales gonzalez goober good-luck good123654 goodbye goodgirl goodluck goodtime google
gopher gordon gordon24 gorgeous gorilla gotcha gothic gotohell gracie graham gramps grandma granny graphic graphics
grateful gravis greatone green1 green123 greenbay greenday gregory gremlin grendel gretchen gretel gretzky griffey
griffin grizzly groovy grover grumpy gsxr1000 gtnhjdbx guardian guillaum guinness guitar guitar1 gundam gunner gustav
gustavo h2opolo hacker haggis hahaha hailey hairball hal9000 halflife hallo123 hallowee halloween hallowell hamburg
hamilton hamlet hammer hammers hamster handball handsome handyman hannah hannah1 hannibal hansolo hanson happiness
happy1 happy123 happyday hardball hardcock hardcore harddick harder hardon hardrock hardware harley harley1 harmony
harold harriet harris harrison harrypotter harvard harvey hastings hattrick hawaii hawaii50 hawaiian hawkeye hawkeye1
hawkeyes hayabusa hayden hayley hd764nw5d7e1vb1 hd764nw5d7e1vbv health health1 hearts heather heather1 heather2 heaven
hector hedgehog heikki heineken heinrich helena helene hellfire hello1 hello123 hello8 hellohello hellokitty hellsing
hellyeah help123 helper helpme hendrix hentai herbert herbie hercules herewego heritage herman hermes hermosa
hernandez hershey herzog hesoyam hetfield heythere hidden highbury highheel highland highlander hilbert hillary hilton
hiphop histoire history hithere hitler hitman hjvfirf hobbes hobbit hockey holden holiday holidays holland hollywoo
hollywood holmes holyshit homebrew homemade homer1 homerj homers homerun homework honda1 honeybee honeyko hongkong
honolulu hooker hooligan hoosier hoosiers hooters hootie hoover hopeless horizon horndog hornet horney horny1 horses
hosehead hotboy hotdog hotgirls hotmail hotpussy hotrod hotsex hotstuff hottie hottie1 hounddog houses houston
houston1 howard htubcnhfwbz hudson hummer hungry hunter hunter1 hunting hurrican hurricane husker huskers huskies
hustler hydrogen hyperion ib6ub9 ibanez icecream icehouse iceman idontkno idontknow if6was9 iforget iforgot iguana
ihateyou ilikepie illinois illusion ilmari ilovegod ilovehim ilovejesus iloveme ilovepussy ilovesex iloveu iloveu2
iloveyo iloveyou iloveyou! iloveyou1 iloveyou2 imagine imissyou immortal impact impala imperial incubus indian indiana
indians indigo indonesia infantry inferno infiniti infinity informix ingvar inlove insane insanity inside insight
insomnia inspiron instructor integra integral intercourse intern internet intrepid intruder inuyasha iomega ireland
irish1 irishman irmeli ironmaiden ironman isabel isabella isabelle isaiah island islander israel istanbul istheman
italia iubire ivanov iverson iverson3 iwantu j1l2t3 jackal jackass jackass1 jackie jackie1 jackjack jackoff jackson
jackson1 jackson5 jaguar jakejake jamaica james007 james1 james123 jamesbon jamesbond jamjam jammer janice janine
january japanese jasmin jasmine jasmine1 jason1 jasper javier jayden jayhawks jayjay jayson jazmin jeanette jeanne
jeepster jefferso jefferson jeffrey jeffrey1 jellybea jellybean jenifer jennie jennifer jenny1 jensen jeremiah jeremy
jericho jermaine jerome jersey jesse1 jessica jessica1 jessie jester jesucristo jesus1 jesus123 jesuschrist jethro
jethrotull jetta1 jewels jiggaman jimbob jimmy1 jkl123 joanie joanna joanne joejoe joelle johanna1 johannes john316
johncena johndeer johngalt johnjohn johnny johnson johnson1 joker1 jonathan jonathon jordan jordan1 jordan23 jordie
joseph josephin joshua joshua1 journey jrcfyf jubilee judith juhani julia2 julian juliana julie1 julien juliet
juliette julius jumanji jumper junebug jungle junior juniper junkmail jupiter jupiter1 just4fun justdoit justice
justice1 justice4 justin justin1 justine justme juventus kaiser kakashka kaktus kalamazoo kamasutra kamikaze kangaroo
kansas karate karen1 karina karine karolina kasper katana katarina katerina katherin katherine kathleen kathryn katie1
katrin katrina kawasaki kayleigh kazantip kcj9wx5n keeper keepout keith1 keller kelley kelly1 kelsey kendall kennedy
kenneth kentucky kenwood kenworth kerala kermit kerrya ketchup kevin1 keyboard keystone kicker kidder killbill killer
killer1 killer12 killer123 killkill killme kimberly kingdom kingfish kingking kingkong kingpin kingston kirill
kirkland kissa2 kisses kisskiss kissme kissmyass kitkat kitten kitty1 kittycat kittykat kjrjvjnbd kkkkkk klaster
kleenex kleopatra klondike knickers knicks knight knights knockers knuckles kodiak kolobok kombat konstantin kordell1
koroleva kotenok kramer krasotka krishna kristen kristi kristian kristin kristina kristine krokodil labrador labtec
lacrosse laddie ladies ladybug laetitia laguna lakers lakeside lakewood lalakers lalala lambda lancelot lancer lansing
laptop larisa larry1 laserjet lassie1 lasvegas latino laurel lauren laurence laurie lawrence lawson lawyer leader
leanne leather leavemealone leblanc ledzep leedsutd left4dead legacy legend legion legolas leland lemonade lemons
lennon lenochka leonard leonardo leopard lesbian lesbians leslie lespaul lestat lester letmein letmein1 letmein2
letsdoit letsgo letter letters lexmark lexus1 lfitymrf lhbjkjubz2957704 liberty liberty1 library licker lickit lickme
lifehack lifetime lighting lightnin lightning lights liliana lilmama limewire lincoln lindsay lindsey lineage2
linkinpark lionel lionking lipgloss lipstick liquid lisalisa lissabon little liverpoo liverpool liverpool1 lizard
lizzie lobster lockdown logger logical logitech loislane lokiloki lokita lokomotiv lol123 lol12345 lolipop lolita
lollipop lollol lollypop london lonely lonesome lonestar lonewolf longdong longer longhair longhorn longjohn looker
looking looney lorena lorenzo lorraine lorrie louise loulou love12 love123 lovebug loveit loveless lovelife lovelove
lovely lovely1 loveme loveme1 lover1 loverboy lovers loveya loveyou loving lowrider lucifer lucky1 lucky14 lucky7
luckydog luckyone ludwig lupita luther lvbnhbq lytdybrbdfvgbhf m1911a1 macdaddy machine macintosh macross madalina
madden maddie maddog madeline madison madison1 madman madmax madness madoka madonna madrid maestro maganda magazine
magellan maggie magic1 magician magicman magnolia magnum magnus mahalkita mahalko maiden mailcreated5240 mailer
mailman majestic majordomo makaveli makeitso maksim maksimka malaysia malcolm maldita malibu mallard mallorca mamacita
mamapapa mamita management manager manchest manchester mandarin mandingo mandrake maniac manson mantra manuel manutd
maradona marathon marcel marcello marcius2 marcos marcus margaret margarit margarita maria1 mariah mariah1 marian
mariana marianna marianne marie1 marielle marijuan marijuana marilyn marina marine mariner mariners marines marines1
marino marino13 marion mariposa marisol marissa marjorie market markus marlboro marley marlin marlon marriage marseill
marseille marshall martha martin martin1 martina martinez martini marvel marvin maryjane maryland masamune maserati
mash4077 massive master master1 master12 masterbate masters matilda matrix matthew matthew1 matthews matthias matti1
mattingly mature maurice mauricio maverick maxima maxime maximus maxine maxmax maxwell maxwell1 mayday maynard
mazafaka mazda1 mazda626 mazdarx7 mcdonald mckenzie meatball meathead meatloaf mechanic medical medicine megadeth
megaman megapass megatron meggie meghan meister melanie melanie1 melina melinda melissa melissa1 mellon melody melvin
member mememe memory memphis mensuck meowmeow mephisto mercedes mercer mercury meredith meridian merlin merlot mermaid
merrill mersedes metallic metallica method mexico miamor michael michael1 michael2 michaela michaels michal micheal
michel michel1 michele michelle michelle1 michigan michou mickel mickey mickey1 microlab microphone microsof microsoft
midnight midori midvale midway mierda mighty miguel mikael mikemike milagros milano military millenium miller millie
million millions millwall milton minecraft minemine minimoni ministry minnie miracle mirage miranda miriam mirror
mischief misfit99 mishka mission mississippi missouri mister mistress mitchell mmmmmm mmouse mobile mobydick modelsne
mohammed mollie molly1 mollydog moloko molson mommy1 momoney momsanaladventure monalisa monday money1 money123
moneyman moneys mongoose monica monika monique monitor monkey monkey1 monkey12 monkeybo monkeys monopoly monroe
monster monster1 monsters montana montana1 montana3 montecar montgom240 montreal montrose moocow mookie moomoo
moonbeam moonligh moonlight moonshin morecats morgan moroni morpheus morris morrison morrowind mortgage mortimer
moscow mother motherfucker motherlode motocros motorola mountain mouse1 movies mowgli mozart mudvayne muffin muhammad
mulder mulder1 mulligan multiplelo munchkin muppet murphy murray muscle mushroom musica musicman mustang mustang1
mustang2 mustang6 mustangs mybaby mylife mylove mynameis mypass mypassword myself myspace myspace1 mystery mystic
myxworld nadine napass napoleon naruto nascar nascar24 nastya natali natalia natalie natalie1 natasha natasha1
nathalie nathan nation national naughty nautica nautilus navigator navyseal ncc1701 ncc1701a ncc1701d ncc1701e
ncc74656 ne1410s ne1469 ne14a69 ne_e_pod_chehyl nebraska nellie nelson nemesis nemvxyheqdd5oqxyxyzi nenita neptune
nermal nesbit nesbitt nestle netscape netware network neutrino nevada nevermind nevermore newaccount newcastl
newcastle newcourt newlife newman newpass newpass6 newport newton newuser newyork newyork1 nexus6 nfnmzyf nguyen
nicarao nicholas nichole nick1234-rem936 nicklaus nicola nicolas nicole nicole1 nigger nightmar nightmare nightshade
nightwing nightwish nikita nimrod nineinch niners nintendo nipple nipples nirvana nirvana1 nissan nofear nokia6233
nokia6300 nokian73 nolimit nomore noname123 nonenone noodle noodles nookie nopass noriko normal norman normandy
northern norton nostromo notebook nothing notredam notta1 notused nounours nouveau novell november nthvbyfnjh nugget
number1 number9 numbers nursing nutmeg nuttertools nwo4life nygiants nylons nymets oakland oakley oatmeal oaxaca
obiwan oblivion obsession obsidian october odessa office offshore ohshit ohyeah oicu812 oilers oklahoma oksana oldman
oliver olivia olivier omarion omega1 onelove online opendoor openup operator optimist oracle orange oranges orchid
oregon original orioles orlando orville oscar1 osiris outlaw overkill overlord oxford p0015123 p0o9i8u7 p4ssw0rd
p@ssw0rd pa55w0rd pa55word paagal pacers pacific packard packer packers packers1 packrat pacman paintbal paintball
painter painting pakistan palace paladin pallmall palmer palmtree paloma pamela panama panasoni panasonic pancake
pancakes pancho pandora panget pangit pantera pantera1 panther panther1 panthers panties pantyhos panzer papamama
papillon paradigm paradise paradox paramedi paranoid parker parola parrot partner pasadena pasaway pascal pass123
pass1234 passat passion passpass passport passw0rd passwd passwor passwor1 password password01 password1 password12
password123 password2 password9 password99 passwordassword passwordpassword passwords passwordstandard passwort
patches patches1 pathetic pathfind patience patricia patrick patrick1 patriot patriots patton pauline paulpaul
pavement pavilion payton peaches peaches1 peanut peanuts pearljam pebbles pedro1 peekaboo peewee pegasus pencil
penelope penetration penguin penguin1 penguins pentagon penthous pentium people pepper pepsi1 perfect perfect1
performa person personal pervert peter1 peterbil peterk peterpan peters peterson petunia peugeot phantom pharmacy
phialpha philip philippe philips phillies phillip phillips philly phishy phoebe phoenix phoenix1 photos piano1
pianoman pianos picard picasso pickle pickles picture pictures pierce pierre pigeon piglet pikachu pimpdadd pimpin
pineappl pineapple pinetree pingpong pinkfloy pinkfloyd pinnacle pioneer pipeline piper1 piramida pirate pirates
pisces pistol pitbull pizzaman planet plastic plastics platinum platypus playball playboy playboy1 playboy2 player
players playgirl playmate playstat playstation playtime please pleasure plumber plymouth poetic poetry pogiako poison
poiuyt pokemon pokemon1 polaris police polina politics pollito polniypizdec0211 polniypizdec1102 polniypizdec110211
polopolo polska poncho pontiac poohbear pookey pookie pookie1 pool6123 poontang pooper poopie poopoo pooppoop popcorn
popcorn1 popeye porkchop pornking pornporn pornstar porsche porsche1 porsche9 porsche911 porter portland portugal
poseidon positive possum postal potato potter powder power1 power123 powerful powers praise prayer preacher preciosa
precious predator prelude premier presario presiden president pressure preston pretty primus prince princes princesa
princesita princess princess1 pringles printer printing private private1 privet prodigy progress prometheus property
prospect provider psalms psycho public puddin pufunga7782 pulsar pumpkin pumpkin1 pumpkins punisher punkin punkrock
puppies puppydog purple purple1 pussies pussy1 pussy123 pussy69 pussycat pussyman pussys putter pyramid python q12345
q1234567 q123456789 q1w2e3 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 q1w2e3r4t5y6u7i8 q1w2e3r4t5y6u7i8o9p0 q2w3e4r5 qawsed
qawsedrf qaz123 qazqaz qazwsx qazwsx12 qazwsx123 qazwsxed qazwsxedc qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qazxsw
qazxswedc qqq111 quality quebec queenie quentin question qwaszx qwe123 qwe123qwe qweasd qweasd123 qweasdzxc qweqwe
qwer1234 qwerasdf qwert123 qwert12345 qwertasdfgzxcvb qwerty qwerty1 qwerty11 qwerty12 qwerty123 qwerty1234
qwerty12345 qwerty123456 qwerty123456789 qwertyu qwertyui qwertyuio qwertyuiop qwertyuiop12345 r2d2c3po rabbit rabbit1
racecar racerx rachel rachelle racing racoon radiohea radiohead rafael rafiki ragnarok raider raiders raiders1
railroad rainbow rainbow1 rainbow6 rainbows rainyday raistlin raleigh rambo1 rammstein ramona rancid randall random
randy1 ranger ranger1 rangers rangers1 raptor raquel rascal rasdzv3 rasputin rasta1 rastafarian rastaman raven1 ravens
raymond rbhbkk reagan reality realmadrid reaper rebecca rebecca1 rebelde rebels reckless recovery red123 redalert
redbaron redbull redcloud reddevil reddog reddwarf redfish redhead redhot redman redneck redrum redskins redsox
redwing redwings redwood reggae reggie regina reginald register reliant remember remingto remote renegade reptile
republic rescue research resident review revoluti revolution revolver reynolds reznor rfhnjirf rfnthbyf rfntymrf
rfrfirf rfvfcenhf rhbcnbyf rhfcjnrf rhiannon rhjrjlbk rhonda rhtdtlrj ricardo ricardo1 riccardo richard richard1
richards richie richmond riffraff rightnow ripper ripple rjhjktdf rjirfrgbde rjntyjr rjycnfynby roadkill roadking
roadrunn roadrunner roadster robbie robert robert1 roberto roberts robinhood robinson robocop robotech robotics
rochelle rocker rocket rocket1 rockets rockford rockhard rockie rocknrol rocknroll rockon rockstar rockwell rocky1
rodney rodrigo roger1 rogers roland roller rolltide romantic romashka rommel ronald ronaldo ronnie rookie rooster
rootbeer roscoe rosebud rosemary rosita rossignol rotimi route66 roxana roxanne rubber rugger runescape runner running
rush2112 ruslan russell russia russian rustam rusty1 rustydog ruthie ruthless sabbath sabina sabine sabrina sabrina1
safety safety1 saigon sailboat sailing sailor saints sakura salamander salasana salmon salvador samantha samiam sammie
sammy1 sammy123 sample123 sampson samsam samson samsung samsung1 samuel samurai sanchez sandiego sandman sandra
sandrine sandwich sanjose santana santiago santos saphire sapphire sarah1 saratoga sasha1 sasha123 sasha_007 saskia
sasuke satan666 satori saturday saturn saturn5 sausages savage savannah sayang scarecrow scarface scarlet scarlett
scheisse schnapps school science scooby scoobydo scoobydoo scooter scooter1 scorpio scorpio1 scorpion scotch scotland
scott1 scottie scotty scouts scrabble scrapper scrappy scream screamer scrooge scruffy scuba1 scully seahawks search
seattle sebastia sebastian secret secret3 security seeker segblue2 seinfeld select seminole semperfi senators sentinel
sephiroth septembe september serega serena serenity sergbest sergeant sergei sergey sergio sersolution server service
services sesame seven7 sex4me sexsex sexual sexybabe sexybitch sexygirl sexylady sexymama sexyme sexysexy shadow
shadow1 shadow12 shaggy shakira shalom shaman shamrock shaney14 shanghai shannon shannon1 shanny shanti shaolin sharks
sharon shasta shaved shayne shazam sheena sheepdog sheila shelby shelley shelly shelter shemale shepherd sheridan
sherlock sherman sherry sherwood shiloh shirley shitface shithead shitty shogun shooter shopping shorty shotgun showme
showtime sidekick sidney siemens sierra sigmachi signal signature silver silverad silvia simba1 simone simple simpson
simpsons simsim sinatra sinclair singapor singer single sinister sinner sirius sister sithlord skateboard skater
skeeter skibum skidoo skiing skinhead skinny skipper skipper1 skippy skittles skorpion skydive skyler skyline skywalke
skywalker slacker slamdunk slappy slapshot slayer sleepy slider slideshow slimshad slimshady slipknot slippery
slowhand smackdow smackdown smashing smeghead smegma smile1 smiles smiley smirnoff smiths smitty smoker smokey smokin
smooth smoothie smudge smurfy snakes snapper snapple snatch sneakers snickers sniffing sniper snoopdog snoopy snowball
snowbird snowboar snowboard snowflak snowflake snowman snowski snuffy snuggles sobaka sober1 soccer soccer1 soccer10
soccer12 socrates softball software sojdlg123aljg soldier soleil solitude solomon solution somerset somethin something
sommer sonics sonyericsson sonyfuck sonysony sooner sooners sophia sophie soso123aljg soulmate southern southpar
southpark southpaw spaceman spanking spankme spanky sparkle sparkles sparks sparky sparrow spartak spartan spartan1
spartans speaker speakers special special1 specialk spectrum speedo speedway speedy spencer spencer1 sphynx spider
spiderma spiderman spidey spike1 spirit spitfire splash splinter sponge spongebo spongebob spooky sporting sports
spring springer sprint sprinter sprite sprocket spunky spyder squash squirrel squirt srinivas ssssss stacey stafford
stalker stallion standard stanford stanislav stanley stanley1 star69 starbuck starcraf starcraft stardust starfire
starfish stargate starligh starlight starship starstar starter startrek starwars starwars1 station stealth steaua
steele steelers stefan stefanie stella steph1 stephane stephani stephanie stephen stephen1 stephi sterlin sterling
steve1 steven steven1 stevens stevie stewart stickman sticky stigmata stimpy sting1 stinger stingray stinky stivers
stocking stocks stockton stonecol stonecold stoner stones storage stormy straight stranger stratfor strato strawber
strawberry streaming street strength stretch strider strike striker stripper strong stuart student student2 studio
stumpy stupid subaru sublime suburban success success1 suckdick sucker suckit suckme suckmydick sullivan sultan summer
summer1 summer69 summer99 summit sunbird sundance sunday sundevil sunfire sunflowe sunflower sunlight sunny1 sunnyday
sunrise sunset sunshine sunshine1 super1 super123 superfly superior superman superman1 supernov supernova supersta
superstar support surfer surfing survivor susan1 susana susanna sutton suzanne suzuki sverige svetik svetlana swallow
swanson sweden sweet16 sweetheart sweetie sweetnes sweetness sweetpea sweets sweety swimmer swimming swinger swingers
swinging switzer swoosh swordfis swordfish sydney sylveste sylvia sylvie symbol syncmaster syracuse system system5
t-bone tabatha tacobell tacoma taekwondo taiwan talisman tamara tampabay tamtam tanker tanner tapani tardis targas
target tarheel tarheels tarzan tatiana tattoo tatyana taurus taylor tazdevil tazman tazmania tdutybq teacher technics
techno teddy1 teddybea teddybear teflon teiubesc tekiero telecom telefon telephon telephone tempest temple temporal
temppass tennis tequiero tequila teresa terminal terminat terminator terrapin terror terry1 test123 test1234 tester
testing testing1 testpass testtest texas1 thailand thanatos thanks thankyou theatre thebest theboss thedoors theend
theforce thegame thegreat thejudge thekid theking thelorax theman theodore theone theresa therock therock1 thirteen
thisisit thomas thomas1 thompson thorne thrasher threesom throat thuglife thumper thumper1 thunder thunder1 thunderb
thunderbird thursday thx1138 tiberius tickle ticklish tiffany tiffany1 tiger1 tiger123 tiger2 tigercat tigers tigger
tigger1 tightend timber timothy tinker tinkerbe tinkerbell tinman tintin titanic titanium titans titleist titties
tkbpfdtnf tobias together tokiohotel tolkien tomahawk tomcat tommyboy tomorrow tomtom toonarmy tootsie topcat topdog
topgun topher topper toriamos tornado toronto torres toshiba tototo tottenha tottenham toucan touching toyota tracey
tractor traffic training trains trance transam transfer transit translator transport trapper travel traveler travis
treasure trebor treefrog trevor trfnthbyf triangle tricia tricky trident trigger trinidad trinitro trinity trinity1
tristan triton triumph trixie trojan trojans trombone trooper trooper1 trophy tropical trouble trouble1 trucker
trucking trucks truelove truman trumpet trumpet1 trunks trustno1 tucker tucson tuesday tunafish turbo2 turkey turkey50
turner turtle tweety twilight twinkle twister tyler1 tyrone ultimate umbrella undead underdog underground undertak
undertaker unicorn unique united universa universal universe university unknown unreal upsilon ursula usa123 username
usmarine usuckballz1 utopia vacation vagabond vagina valencia valentin valentina valentine valera valeria valerie
valhalla valkyrie valley vampire vampire1 vampires vancouve vanessa vanessa1 vanguard vanhalen vanilla vasilisa
vauxhall vectra vedder vegeta velocity velvet vendetta venice verbatim veritas vermont vernon verona veronica veronika
vertigo vfhbyf vfhecz vfhufhbnf vfitymrf vfntvfnbrf vfrcbv vfrcbvrf vfvfgfgf vfvjxrf victor victor1 victoria victory
viewsoni viewsonic viking vikings vikings1 vikram viktor viktoria viktoriya vincent vincent1 violet violetta violin
viper1 vipergts vipers virago virgil virgin virginia virginie vision visual vivian vjqgfhjkm vkontakte vladik vladimir
vladislav volcano volkswag volley volleyba volleyball volume voodoo vortex voyager voyager1 vqsablpzla vsjasnel12
vulcan waiting walden walker wallace walleye walnut walter wanderer wanker warcraft wareagle warhamme warhammer
warlock warlord warner warren warrior warrior1 warriors washburn washingt washington water1 waterboy waterloo waters
watson wayne1 weasel weather webhompas webmaste webmaster webster weezer welcome welcome1 wendy1 werewolf wesley
western westham westlife westside westwood wetpussy wg8e3wjf whale1 whatever whatwhat wheels whiplash whiskers whiskey
whisky whistler whiteboy whiteout whitesox whitney whocares whoville whynot wibble wicked wilbur wildbill wildcard
wildcat wildcats wildfire wildwood william william1 williams willie willis willow wilson windmill window windows
windsurf winner winnie winniethepooh winona winston winston1 winter wireless wisdom wishbone wizard wolfgang wolfman
wolfpack wolverin wolverine wolves wombat wombat1 wonder wonderboy wonderful woodland woodrow woodstoc woody1 woofwoof
wookie wordpass wp2003wp wrangler wrestler wrestlin wrestling wright wrinkle1 writer wutang x-files xanadu xavier
xbox360 xcountry xfiles xxx123 xxxxxx xxxxxxxx xyz123 yamaha yamahar1 yankee yankees yankees1 yankees2 ybrbnf yeahbaby
yellow yfcntymrf yfnfif yjdsqgfhjkm yogibear yolanda yomama yosemite yourmom yvette yvonne z1x2c3v4 zacefron zachary
zachary1 zanzibar zapata zaphod zaq123 zaq12wsx zaq1xsw2 zaqwsx zaqwsxcde zaqxswcde zebras zenith zephyr zeppelin
zepplin zerocool zhongguo zidane zigzag zildjian zipper zoltan zombie zoomer zqjphsyf6ctifgu zvezda zxasqw12 zxc123
zxcasdqwe zxcasdqwe123 zxcv1234 zxcvb123 zxcvbn zxcvbnm zxcvbnm1 zxcvbnm123 zxcvbnm123456789
`;

/**
 * The passwords that people choose most, in lower case: of six characters or more among the first 3,000, the first 3,000 of
 * eight or more, and every known one of fifteen or more, so that each minimum length has its own.
 *
 * Sources: `passwords.json` of @zxcvbn-ts/language-common 4.1.3, ordered by how often each was seen (MIT, © 2012-2016 Dan
 * Wheeler and Dropbox, Inc., © 2021 @zxcvbn-ts), and `password.lst` of John the Ripper (Solar Designer, 1996-2011, public
 * domain), which adds what the first leaves to other dictionaries. They are real passwords, rude ones too.
 */
export const commonPasswords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));
