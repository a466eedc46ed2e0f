/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2013 Cal Henderson (the names) */
/* Written by scripts/make-slack-emoji from emoji-datasource@16.0.0. Included by slack_emoji.c only. */
#pragma once

#include <stdint.h>

/*
 * Sorted by name; each: line feed, name, space, characters. Those that come in skin tones have another space, and the
 * characters that take two tones (one behind the first, one at the end), if any: one tone is put behind the first. What
 * takes only two is the same there.
 */
static const char emoji_names[] =
	"\n+1 👍 \n-1 👎 \n100 💯\n1234 🔢\n8ball 🎱\na 🅰️\nab 🆎\nabacus 🧮\nabc 🔤"
	"\nabcd 🔡\naccept 🉑\naccordion 🪗\nadhesive_bandage 🩹\nadmission_tickets 🎟️"
	"\nadult 🧑 \naerial_tramway 🚡\nairplane ✈️\nairplane_arriving 🛬"
	"\nairplane_departure 🛫\nalarm_clock ⏰\nalembic ⚗️\nalien 👽\nambulance 🚑"
	"\namphora 🏺\nanatomical_heart 🫀\nanchor ⚓\nangel 👼 \nanger 💢\nangry 😠"
	"\nanguished 😧\nant 🐜\napple 🍎\naquarius ♒\naries ♈\narrow_backward ◀️"
	"\narrow_double_down ⏬\narrow_double_up ⏫\narrow_down ⬇️\narrow_down_small 🔽"
	"\narrow_forward ▶️\narrow_heading_down ⤵️\narrow_heading_up ⤴️\narrow_left ⬅️"
	"\narrow_lower_left ↙️\narrow_lower_right ↘️\narrow_right ➡️\narrow_right_hook ↪️"
	"\narrow_up ⬆️\narrow_up_down ↕️\narrow_up_small 🔼\narrow_upper_left ↖️"
	"\narrow_upper_right ↗️\narrows_clockwise 🔃\narrows_counterclockwise 🔄\nart 🎨"
	"\narticulated_lorry 🚛\nartist 🧑‍🎨 \nastonished 😲\nastronaut 🧑‍🚀 "
	"\nathletic_shoe 👟\natm 🏧\natom_symbol ⚛️\nauto_rickshaw 🛺\navocado 🥑\naxe 🪓"
	"\nb 🅱️\nbaby 👶 \nbaby_bottle 🍼\nbaby_chick 🐤\nbaby_symbol 🚼\nback 🔙"
	"\nbacon 🥓\nbadger 🦡\nbadminton_racquet_and_shuttlecock 🏸\nbagel 🥯\nbaggage_claim 🛄"
	"\nbaguette_bread 🥖\nbald_man 👨‍🦲 \nbald_person 🧑‍🦲 \nbald_woman 👩‍🦲 "
	"\nballet_shoes 🩰\nballoon 🎈\nballot_box_with_ballot 🗳️\nballot_box_with_check ☑️"
	"\nbamboo 🎍\nbanana 🍌\nbangbang ‼️\nbanjo 🪕\nbank 🏦\nbar_chart 📊\nbarber 💈"
	"\nbarely_sunny 🌥️\nbaseball ⚾\nbasket 🧺\nbasketball 🏀\nbat 🦇\nbath 🛀 "
	"\nbathtub 🛁\nbattery 🔋\nbeach_with_umbrella 🏖️\nbeans 🫘\nbear 🐻"
	"\nbearded_person 🧔 \nbeaver 🦫\nbed 🛏️\nbee 🐝\nbeer 🍺\nbeers 🍻\nbeetle 🪲"
	"\nbeginner 🔰\nbell 🔔\nbell_pepper 🫑\nbellhop_bell 🛎️\nbento 🍱\nbeverage_box 🧃"
	"\nbicyclist 🚴 \nbike 🚲\nbikini 👙\nbilled_cap 🧢\nbiohazard_sign ☣️\nbird 🐦"
	"\nbirthday 🎂\nbison 🦬\nbiting_lip 🫦\nblack_bird 🐦‍⬛\nblack_cat 🐈‍⬛"
	"\nblack_circle ⚫\nblack_circle_for_record ⏺️\nblack_heart 🖤\nblack_joker 🃏"
	"\nblack_large_square ⬛\nblack_left_pointing_double_triangle_with_vertical_bar ⏮️"
	"\nblack_medium_small_square ◾\nblack_medium_square ◼️\nblack_nib ✒️"
	"\nblack_right_pointing_double_triangle_with_vertical_bar ⏭️"
	"\nblack_right_pointing_triangle_with_double_vertical_bar ⏯️\nblack_small_square ▪️"
	"\nblack_square_button 🔲\nblack_square_for_stop ⏹️\nblond-haired-man 👱‍♂️ "
	"\nblond-haired-woman 👱‍♀️ \nblossom 🌼\nblowfish 🐡\nblue_book 📘\nblue_car 🚙"
	"\nblue_heart 💙\nblueberries 🫐\nblush 😊\nboar 🐗\nboat ⛵\nbomb 💣\nbone 🦴"
	"\nbook 📖\nbookmark 🔖\nbookmark_tabs 📑\nbooks 📚\nboom 💥\nboomerang 🪃\nboot 👢"
	"\nbouquet 💐\nbow 🙇 \nbow_and_arrow 🏹\nbowl_with_spoon 🥣\nbowling 🎳"
	"\nboxing_glove 🥊\nboy 👦 \nbrain 🧠\nbread 🍞\nbreast-feeding 🤱 \nbricks 🧱"
	"\nbride_with_veil 👰 \nbridge_at_night 🌉\nbriefcase 💼\nbriefs 🩲\nbroccoli 🥦"
	"\nbroken_chain ⛓️‍💥\nbroken_heart 💔\nbroom 🧹\nbrown_heart 🤎"
	"\nbrown_mushroom 🍄‍🟫\nbubble_tea 🧋\nbubbles 🫧\nbucket 🪣\nbug 🐛"
	"\nbuilding_construction 🏗️\nbulb 💡\nbullettrain_front 🚅\nbullettrain_side 🚄"
	"\nburrito 🌯\nbus 🚌\nbusstop 🚏\nbust_in_silhouette 👤\nbusts_in_silhouette 👥"
	"\nbutter 🧈\nbutterfly 🦋\ncactus 🌵\ncake 🍰\ncalendar 📆\ncall_me_hand 🤙 "
	"\ncalling 📲\ncamel 🐫\ncamera 📷\ncamera_with_flash 📸\ncamping 🏕️\ncancer ♋"
	"\ncandle 🕯️\ncandy 🍬\ncanned_food 🥫\ncanoe 🛶\ncapital_abcd 🔠\ncapricorn ♑"
	"\ncar 🚗\ncard_file_box 🗃️\ncard_index 📇\ncard_index_dividers 🗂️"
	"\ncarousel_horse 🎠\ncarpentry_saw 🪚\ncarrot 🥕\ncat 🐱\ncat2 🐈\ncd 💿"
	"\nchains ⛓️\nchair 🪑\nchampagne 🍾\nchart 💹\nchart_with_downwards_trend 📉"
	"\nchart_with_upwards_trend 📈\ncheckered_flag 🏁\ncheese_wedge 🧀\ncherries 🍒"
	"\ncherry_blossom 🌸\nchess_pawn ♟️\nchestnut 🌰\nchicken 🐔\nchild 🧒 "
	"\nchildren_crossing 🚸\nchipmunk 🐿️\nchocolate_bar 🍫\nchopsticks 🥢"
	"\nchristmas_tree 🎄\nchurch ⛪\ncinema 🎦\ncircus_tent 🎪\ncity_sunrise 🌇"
	"\ncity_sunset 🌆\ncityscape 🏙️\ncl 🆑\nclap 👏 \nclapper 🎬"
	"\nclassical_building 🏛️\nclinking_glasses 🥂\nclipboard 📋\nclock1 🕐\nclock10 🕙"
	"\nclock1030 🕥\nclock11 🕚\nclock1130 🕦\nclock12 🕛\nclock1230 🕧\nclock130 🕜"
	"\nclock2 🕑\nclock230 🕝\nclock3 🕒\nclock330 🕞\nclock4 🕓\nclock430 🕟\nclock5 🕔"
	"\nclock530 🕠\nclock6 🕕\nclock630 🕡\nclock7 🕖\nclock730 🕢\nclock8 🕗"
	"\nclock830 🕣\nclock9 🕘\nclock930 🕤\nclosed_book 📕\nclosed_lock_with_key 🔐"
	"\nclosed_umbrella 🌂\ncloud ☁️\nclown_face 🤡\nclubs ♣️\ncn 🇨🇳\ncoat 🧥"
	"\ncockroach 🪳\ncocktail 🍸\ncoconut 🥥\ncoffee ☕\ncoffin ⚰️\ncoin 🪙"
	"\ncold_face 🥶\ncold_sweat 😰\ncollision 💥\ncomet ☄️\ncompass 🧭"
	"\ncompression 🗜️\ncomputer 💻\nconfetti_ball 🎊\nconfounded 😖\nconfused 😕"
	"\ncongratulations ㊗️\nconstruction 🚧\nconstruction_worker 👷 \ncontrol_knobs 🎛️"
	"\nconvenience_store 🏪\ncook 🧑‍🍳 \ncookie 🍪\ncooking 🍳\ncool 🆒\ncop 👮 "
	"\ncopyright ©️\ncoral 🪸\ncorn 🌽\ncouch_and_lamp 🛋️\ncouple 👫 👩‍🤝‍👨"
	"\ncouple_with_heart 💑 🧑‍❤️‍🧑\ncouplekiss 💏 🧑‍❤️‍💋‍🧑"
	"\ncow 🐮\ncow2 🐄\ncrab 🦀\ncredit_card 💳\ncrescent_moon 🌙\ncricket 🦗"
	"\ncricket_bat_and_ball 🏏\ncrocodile 🐊\ncroissant 🥐\ncrossed_fingers 🤞 "
	"\ncrossed_flags 🎌\ncrossed_swords ⚔️\ncrown 👑\ncrutch 🩼\ncry 😢"
	"\ncrying_cat_face 😿\ncrystal_ball 🔮\ncucumber 🥒\ncup_with_straw 🥤\ncupcake 🧁"
	"\ncupid 💘\ncurling_stone 🥌\ncurly_haired_man 👨‍🦱 \ncurly_haired_person 🧑‍🦱 "
	"\ncurly_haired_woman 👩‍🦱 \ncurly_loop ➰\ncurrency_exchange 💱\ncurry 🍛"
	"\ncustard 🍮\ncustoms 🛃\ncut_of_meat 🥩\ncyclone 🌀\ndagger_knife 🗡️\ndancer 💃 "
	"\ndancers 👯\ndango 🍡\ndark_sunglasses 🕶️\ndart 🎯\ndash 💨\ndate 📅\nde 🇩🇪"
	"\ndeaf_man 🧏‍♂️ \ndeaf_person 🧏 \ndeaf_woman 🧏‍♀️ \ndeciduous_tree 🌳"
	"\ndeer 🦌\ndepartment_store 🏬\nderelict_house_building 🏚️\ndesert 🏜️"
	"\ndesert_island 🏝️\ndesktop_computer 🖥️\ndiamond_shape_with_a_dot_inside 💠"
	"\ndiamonds ♦️\ndisappointed 😞\ndisappointed_relieved 😥\ndisguised_face 🥸"
	"\ndiving_mask 🤿\ndiya_lamp 🪔\ndizzy 💫\ndizzy_face 😵\ndna 🧬\ndo_not_litter 🚯"
	"\ndodo 🦤\ndog 🐶\ndog2 🐕\ndollar 💵\ndolls 🎎\ndolphin 🐬\ndonkey 🫏\ndoor 🚪"
	"\ndotted_line_face 🫥\ndouble_vertical_bar ⏸️\ndoughnut 🍩\ndove_of_peace 🕊️"
	"\ndragon 🐉\ndragon_face 🐲\ndress 👗\ndromedary_camel 🐪\ndrooling_face 🤤"
	"\ndrop_of_blood 🩸\ndroplet 💧\ndrum_with_drumsticks 🥁\nduck 🦆\ndumpling 🥟\ndvd 📀"
	"\ne-mail 📧\neagle 🦅\near 👂 \near_of_rice 🌾\near_with_hearing_aid 🦻 "
	"\nearth_africa 🌍\nearth_americas 🌎\nearth_asia 🌏\negg 🥚\neggplant 🍆\neight 8️⃣"
	"\neight_pointed_black_star ✴️\neight_spoked_asterisk ✳️\neject ⏏️\nelectric_plug 🔌"
	"\nelephant 🐘\nelevator 🛗\nelf 🧝 \nemail ✉️\nempty_nest 🪹\nend 🔚"
	"\nenvelope ✉️\nenvelope_with_arrow 📩\nes 🇪🇸\neuro 💶\neuropean_castle 🏰"
	"\neuropean_post_office 🏤\nevergreen_tree 🌲\nexclamation ❗\nexploding_head 🤯"
	"\nexpressionless 😑\neye 👁️\neye-in-speech-bubble 👁️‍🗨️\neyeglasses 👓"
	"\neyes 👀\nface_exhaling 😮‍💨\nface_holding_back_tears 🥹"
	"\nface_in_clouds 😶‍🌫️\nface_palm 🤦 \nface_vomiting 🤮"
	"\nface_with_bags_under_eyes 🫩\nface_with_cowboy_hat 🤠\nface_with_diagonal_mouth 🫤"
	"\nface_with_finger_covering_closed_lips 🤫\nface_with_hand_over_mouth 🤭"
	"\nface_with_head_bandage 🤕\nface_with_monocle 🧐\nface_with_one_eyebrow_raised 🤨"
	"\nface_with_open_eyes_and_hand_over_mouth 🫢\nface_with_open_mouth_vomiting 🤮"
	"\nface_with_peeking_eye 🫣\nface_with_raised_eyebrow 🤨\nface_with_rolling_eyes 🙄"
	"\nface_with_spiral_eyes 😵‍💫\nface_with_symbols_on_mouth 🤬\nface_with_thermometer 🤒"
	"\nfacepunch 👊 \nfactory 🏭\nfactory_worker 🧑‍🏭 \nfairy 🧚 \nfalafel 🧆"
	"\nfallen_leaf 🍂\nfamily 👪\nfamily_adult_adult_child 🧑‍🧑‍🧒"
	"\nfamily_adult_adult_child_child 🧑‍🧑‍🧒‍🧒\nfamily_adult_child 🧑‍🧒"
	"\nfamily_adult_child_child 🧑‍🧒‍🧒\nfarmer 🧑‍🌾 \nfast_forward ⏩\nfax 📠"
	"\nfearful 😨\nfeather 🪶\nfeet 🐾\nfemale-artist 👩‍🎨 "
	"\nfemale-astronaut 👩‍🚀 \nfemale-construction-worker 👷‍♀️ "
	"\nfemale-cook 👩‍🍳 \nfemale-detective 🕵️‍♀️ \nfemale-doctor 👩‍⚕️ "
	"\nfemale-factory-worker 👩‍🏭 \nfemale-farmer 👩‍🌾 \nfemale-firefighter 👩‍🚒 "
	"\nfemale-guard 💂‍♀️ \nfemale-judge 👩‍⚖️ \nfemale-mechanic 👩‍🔧 "
	"\nfemale-office-worker 👩‍💼 \nfemale-pilot 👩‍✈️ "
	"\nfemale-police-officer 👮‍♀️ \nfemale-scientist 👩‍🔬 \nfemale-singer 👩‍🎤 "
	"\nfemale-student 👩‍🎓 \nfemale-teacher 👩‍🏫 \nfemale-technologist 👩‍💻 "
	"\nfemale_elf 🧝‍♀️ \nfemale_fairy 🧚‍♀️ \nfemale_genie 🧞‍♀️"
	"\nfemale_mage 🧙‍♀️ \nfemale_sign ♀️\nfemale_superhero 🦸‍♀️ "
	"\nfemale_supervillain 🦹‍♀️ \nfemale_vampire 🧛‍♀️ \nfemale_zombie 🧟‍♀️"
	"\nfencer 🤺\nferris_wheel 🎡\nferry ⛴️\nfield_hockey_stick_and_ball 🏑"
	"\nfile_cabinet 🗄️\nfile_folder 📁\nfilm_frames 🎞️\nfilm_projector 📽️"
	"\nfingerprint 🫆\nfire 🔥\nfire_engine 🚒\nfire_extinguisher 🧯\nfirecracker 🧨"
	"\nfirefighter 🧑‍🚒 \nfireworks 🎆\nfirst_place_medal 🥇\nfirst_quarter_moon 🌓"
	"\nfirst_quarter_moon_with_face 🌛\nfish 🐟\nfish_cake 🍥\nfishing_pole_and_fish 🎣"
	"\nfist ✊ \nfive 5️⃣\nflag-ac 🇦🇨\nflag-ad 🇦🇩\nflag-ae 🇦🇪\nflag-af 🇦🇫"
	"\nflag-ag 🇦🇬\nflag-ai 🇦🇮\nflag-al 🇦🇱\nflag-am 🇦🇲\nflag-ao 🇦🇴"
	"\nflag-aq 🇦🇶\nflag-ar 🇦🇷\nflag-as 🇦🇸\nflag-at 🇦🇹\nflag-au 🇦🇺"
	"\nflag-aw 🇦🇼\nflag-ax 🇦🇽\nflag-az 🇦🇿\nflag-ba 🇧🇦\nflag-bb 🇧🇧"
	"\nflag-bd 🇧🇩\nflag-be 🇧🇪\nflag-bf 🇧🇫\nflag-bg 🇧🇬\nflag-bh 🇧🇭"
	"\nflag-bi 🇧🇮\nflag-bj 🇧🇯\nflag-bl 🇧🇱\nflag-bm 🇧🇲\nflag-bn 🇧🇳"
	"\nflag-bo 🇧🇴\nflag-bq 🇧🇶\nflag-br 🇧🇷\nflag-bs 🇧🇸\nflag-bt 🇧🇹"
	"\nflag-bv 🇧🇻\nflag-bw 🇧🇼\nflag-by 🇧🇾\nflag-bz 🇧🇿\nflag-ca 🇨🇦"
	"\nflag-cc 🇨🇨\nflag-cd 🇨🇩\nflag-cf 🇨🇫\nflag-cg 🇨🇬\nflag-ch 🇨🇭"
	"\nflag-ci 🇨🇮\nflag-ck 🇨🇰\nflag-cl 🇨🇱\nflag-cm 🇨🇲\nflag-cn 🇨🇳"
	"\nflag-co 🇨🇴\nflag-cp 🇨🇵\nflag-cr 🇨🇷\nflag-cu 🇨🇺\nflag-cv 🇨🇻"
	"\nflag-cw 🇨🇼\nflag-cx 🇨🇽\nflag-cy 🇨🇾\nflag-cz 🇨🇿\nflag-de 🇩🇪"
	"\nflag-dg 🇩🇬\nflag-dj 🇩🇯\nflag-dk 🇩🇰\nflag-dm 🇩🇲\nflag-do 🇩🇴"
	"\nflag-dz 🇩🇿\nflag-ea 🇪🇦\nflag-ec 🇪🇨\nflag-ee 🇪🇪\nflag-eg 🇪🇬"
	"\nflag-eh 🇪🇭\nflag-england 🏴󠁧󠁢󠁥󠁮󠁧󠁿\nflag-er 🇪🇷\nflag-es 🇪🇸"
	"\nflag-et 🇪🇹\nflag-eu 🇪🇺\nflag-fi 🇫🇮\nflag-fj 🇫🇯\nflag-fk 🇫🇰"
	"\nflag-fm 🇫🇲\nflag-fo 🇫🇴\nflag-fr 🇫🇷\nflag-ga 🇬🇦\nflag-gb 🇬🇧"
	"\nflag-gd 🇬🇩\nflag-ge 🇬🇪\nflag-gf 🇬🇫\nflag-gg 🇬🇬\nflag-gh 🇬🇭"
	"\nflag-gi 🇬🇮\nflag-gl 🇬🇱\nflag-gm 🇬🇲\nflag-gn 🇬🇳\nflag-gp 🇬🇵"
	"\nflag-gq 🇬🇶\nflag-gr 🇬🇷\nflag-gs 🇬🇸\nflag-gt 🇬🇹\nflag-gu 🇬🇺"
	"\nflag-gw 🇬🇼\nflag-gy 🇬🇾\nflag-hk 🇭🇰\nflag-hm 🇭🇲\nflag-hn 🇭🇳"
	"\nflag-hr 🇭🇷\nflag-ht 🇭🇹\nflag-hu 🇭🇺\nflag-ic 🇮🇨\nflag-id 🇮🇩"
	"\nflag-ie 🇮🇪\nflag-il 🇮🇱\nflag-im 🇮🇲\nflag-in 🇮🇳\nflag-io 🇮🇴"
	"\nflag-iq 🇮🇶\nflag-ir 🇮🇷\nflag-is 🇮🇸\nflag-it 🇮🇹\nflag-je 🇯🇪"
	"\nflag-jm 🇯🇲\nflag-jo 🇯🇴\nflag-jp 🇯🇵\nflag-ke 🇰🇪\nflag-kg 🇰🇬"
	"\nflag-kh 🇰🇭\nflag-ki 🇰🇮\nflag-km 🇰🇲\nflag-kn 🇰🇳\nflag-kp 🇰🇵"
	"\nflag-kr 🇰🇷\nflag-kw 🇰🇼\nflag-ky 🇰🇾\nflag-kz 🇰🇿\nflag-la 🇱🇦"
	"\nflag-lb 🇱🇧\nflag-lc 🇱🇨\nflag-li 🇱🇮\nflag-lk 🇱🇰\nflag-lr 🇱🇷"
	"\nflag-ls 🇱🇸\nflag-lt 🇱🇹\nflag-lu 🇱🇺\nflag-lv 🇱🇻\nflag-ly 🇱🇾"
	"\nflag-ma 🇲🇦\nflag-mc 🇲🇨\nflag-md 🇲🇩\nflag-me 🇲🇪\nflag-mf 🇲🇫"
	"\nflag-mg 🇲🇬\nflag-mh 🇲🇭\nflag-mk 🇲🇰\nflag-ml 🇲🇱\nflag-mm 🇲🇲"
	"\nflag-mn 🇲🇳\nflag-mo 🇲🇴\nflag-mp 🇲🇵\nflag-mq 🇲🇶\nflag-mr 🇲🇷"
	"\nflag-ms 🇲🇸\nflag-mt 🇲🇹\nflag-mu 🇲🇺\nflag-mv 🇲🇻\nflag-mw 🇲🇼"
	"\nflag-mx 🇲🇽\nflag-my 🇲🇾\nflag-mz 🇲🇿\nflag-na 🇳🇦\nflag-nc 🇳🇨"
	"\nflag-ne 🇳🇪\nflag-nf 🇳🇫\nflag-ng 🇳🇬\nflag-ni 🇳🇮\nflag-nl 🇳🇱"
	"\nflag-no 🇳🇴\nflag-np 🇳🇵\nflag-nr 🇳🇷\nflag-nu 🇳🇺\nflag-nz 🇳🇿"
	"\nflag-om 🇴🇲\nflag-pa 🇵🇦\nflag-pe 🇵🇪\nflag-pf 🇵🇫\nflag-pg 🇵🇬"
	"\nflag-ph 🇵🇭\nflag-pk 🇵🇰\nflag-pl 🇵🇱\nflag-pm 🇵🇲\nflag-pn 🇵🇳"
	"\nflag-pr 🇵🇷\nflag-ps 🇵🇸\nflag-pt 🇵🇹\nflag-pw 🇵🇼\nflag-py 🇵🇾"
	"\nflag-qa 🇶🇦\nflag-re 🇷🇪\nflag-ro 🇷🇴\nflag-rs 🇷🇸\nflag-ru 🇷🇺"
	"\nflag-rw 🇷🇼\nflag-sa 🇸🇦\nflag-sark 🇨🇶\nflag-sb 🇸🇧\nflag-sc 🇸🇨"
	"\nflag-scotland 🏴󠁧󠁢󠁳󠁣󠁴󠁿\nflag-sd 🇸🇩\nflag-se 🇸🇪"
	"\nflag-sg 🇸🇬\nflag-sh 🇸🇭\nflag-si 🇸🇮\nflag-sj 🇸🇯\nflag-sk 🇸🇰"
	"\nflag-sl 🇸🇱\nflag-sm 🇸🇲\nflag-sn 🇸🇳\nflag-so 🇸🇴\nflag-sr 🇸🇷"
	"\nflag-ss 🇸🇸\nflag-st 🇸🇹\nflag-sv 🇸🇻\nflag-sx 🇸🇽\nflag-sy 🇸🇾"
	"\nflag-sz 🇸🇿\nflag-ta 🇹🇦\nflag-tc 🇹🇨\nflag-td 🇹🇩\nflag-tf 🇹🇫"
	"\nflag-tg 🇹🇬\nflag-th 🇹🇭\nflag-tj 🇹🇯\nflag-tk 🇹🇰\nflag-tl 🇹🇱"
	"\nflag-tm 🇹🇲\nflag-tn 🇹🇳\nflag-to 🇹🇴\nflag-tr 🇹🇷\nflag-tt 🇹🇹"
	"\nflag-tv 🇹🇻\nflag-tw 🇹🇼\nflag-tz 🇹🇿\nflag-ua 🇺🇦\nflag-ug 🇺🇬"
	"\nflag-um 🇺🇲\nflag-un 🇺🇳\nflag-us 🇺🇸\nflag-uy 🇺🇾\nflag-uz 🇺🇿"
	"\nflag-va 🇻🇦\nflag-vc 🇻🇨\nflag-ve 🇻🇪\nflag-vg 🇻🇬\nflag-vi 🇻🇮"
	"\nflag-vn 🇻🇳\nflag-vu 🇻🇺\nflag-wales 🏴󠁧󠁢󠁷󠁬󠁳󠁿\nflag-wf 🇼🇫"
	"\nflag-ws 🇼🇸\nflag-xk 🇽🇰\nflag-ye 🇾🇪\nflag-yt 🇾🇹\nflag-za 🇿🇦"
	"\nflag-zm 🇿🇲\nflag-zw 🇿🇼\nflags 🎏\nflamingo 🦩\nflashlight 🔦\nflatbread 🫓"
	"\nfleur_de_lis ⚜️\nflipper 🐬\nfloppy_disk 💾\nflower_playing_cards 🎴\nflushed 😳"
	"\nflute 🪈\nfly 🪰\nflying_disc 🥏\nflying_saucer 🛸\nfog 🌫️\nfoggy 🌁"
	"\nfolding_hand_fan 🪭\nfondue 🫕\nfoot 🦶 \nfootball 🏈\nfootprints 👣"
	"\nfork_and_knife 🍴\nfortune_cookie 🥠\nfountain ⛲\nfour 4️⃣\nfour_leaf_clover 🍀"
	"\nfox_face 🦊\nfr 🇫🇷\nframe_with_picture 🖼️\nfree 🆓\nfried_egg 🍳"
	"\nfried_shrimp 🍤\nfries 🍟\nfrog 🐸\nfrowning 😦\nfuelpump ⛽\nfull_moon 🌕"
	"\nfull_moon_with_face 🌝\nfuneral_urn ⚱️\ngame_die 🎲\ngarlic 🧄\ngb 🇬🇧"
	"\ngear ⚙️\ngem 💎\ngemini ♊\ngenie 🧞\nghost 👻\ngift 🎁\ngift_heart 💝"
	"\nginger_root 🫚\ngiraffe_face 🦒\ngirl 👧 \nglass_of_milk 🥛\nglobe_with_meridians 🌐"
	"\ngloves 🧤\ngoal_net 🥅\ngoat 🐐\ngoggles 🥽\ngolf ⛳\ngolfer 🏌️ \ngoose 🪿"
	"\ngorilla 🦍\ngrapes 🍇\ngreen_apple 🍏\ngreen_book 📗\ngreen_heart 💚"
	"\ngreen_salad 🥗\ngrey_exclamation ❕\ngrey_heart 🩶\ngrey_question ❔\ngrimacing 😬"
	"\ngrin 😁\ngrinning 😀\ngrinning_face_with_one_large_and_one_small_eye 🤪"
	"\ngrinning_face_with_star_eyes 🤩\nguardsman 💂 \nguide_dog 🦮\nguitar 🎸\ngun 🔫"
	"\nhair_pick 🪮\nhaircut 💇 \nhamburger 🍔\nhammer 🔨\nhammer_and_pick ⚒️"
	"\nhammer_and_wrench 🛠️\nhamsa 🪬\nhamster 🐹\nhand ✋ "
	"\nhand_with_index_and_middle_fingers_crossed 🤞 "
	"\nhand_with_index_finger_and_thumb_crossed 🫰 \nhandbag 👜\nhandball 🤾 "
	"\nhandshake 🤝 🫱‍🫲\nhankey 💩\nharp 🪉\nhash #️⃣\nhatched_chick 🐥"
	"\nhatching_chick 🐣\nhead_shaking_horizontally 🙂‍↔️"
	"\nhead_shaking_vertically 🙂‍↕️\nheadphones 🎧\nheadstone 🪦"
	"\nhealth_worker 🧑‍⚕️ \nhear_no_evil 🙉\nheart ❤️\nheart_decoration 💟"
	"\nheart_eyes 😍\nheart_eyes_cat 😻\nheart_hands 🫶 \nheart_on_fire ❤️‍🔥"
	"\nheartbeat 💓\nheartpulse 💗\nhearts ♥️\nheavy_check_mark ✔️"
	"\nheavy_division_sign ➗\nheavy_dollar_sign 💲\nheavy_equals_sign 🟰"
	"\nheavy_exclamation_mark ❗\nheavy_heart_exclamation_mark_ornament ❣️\nheavy_minus_sign ➖"
	"\nheavy_multiplication_x ✖️\nheavy_plus_sign ➕\nhedgehog 🦔\nhelicopter 🚁"
	"\nhelmet_with_white_cross ⛑️\nherb 🌿\nhibiscus 🌺\nhigh_brightness 🔆\nhigh_heel 👠"
	"\nhiking_boot 🥾\nhindu_temple 🛕\nhippopotamus 🦛\nhocho 🔪\nhole 🕳️"
	"\nhoney_pot 🍯\nhoneybee 🐝\nhook 🪝\nhorse 🐴\nhorse_racing 🏇 \nhospital 🏥"
	"\nhot_face 🥵\nhot_pepper 🌶️\nhotdog 🌭\nhotel 🏨\nhotsprings ♨️\nhourglass ⌛"
	"\nhourglass_flowing_sand ⏳\nhouse 🏠\nhouse_buildings 🏘️\nhouse_with_garden 🏡"
	"\nhugging_face 🤗\nhushed 😯\nhut 🛖\nhyacinth 🪻\ni_love_you_hand_sign 🤟 "
	"\nice_cream 🍨\nice_cube 🧊\nice_hockey_stick_and_puck 🏒\nice_skate ⛸️\nicecream 🍦"
	"\nid 🆔\nidentification_card 🪪\nideograph_advantage 🉐\nimp 👿\ninbox_tray 📥"
	"\nincoming_envelope 📨\nindex_pointing_at_the_viewer 🫵 \ninfinity ♾️"
	"\ninformation_desk_person 💁 \ninformation_source ℹ️\ninnocent 😇\ninterrobang ⁉️"
	"\niphone 📱\nit 🇮🇹\nizakaya_lantern 🏮\njack_o_lantern 🎃\njapan 🗾"
	"\njapanese_castle 🏯\njapanese_goblin 👺\njapanese_ogre 👹\njar 🫙\njeans 👖"
	"\njellyfish 🪼\njigsaw 🧩\njoy 😂\njoy_cat 😹\njoystick 🕹️\njp 🇯🇵"
	"\njudge 🧑‍⚖️ \njuggling 🤹 \nkaaba 🕋\nkangaroo 🦘\nkey 🔑\nkeyboard ⌨️"
	"\nkeycap_star *️⃣\nkeycap_ten 🔟\nkhanda 🪯\nkimono 👘\nkiss 💋\nkissing 😗"
	"\nkissing_cat 😽\nkissing_closed_eyes 😚\nkissing_heart 😘\nkissing_smiling_eyes 😙"
	"\nkite 🪁\nkiwifruit 🥝\nkneeling_person 🧎 \nknife 🔪\nknife_fork_plate 🍽️"
	"\nknot 🪢\nkoala 🐨\nkoko 🈁\nkr 🇰🇷\nlab_coat 🥼\nlabel 🏷️\nlacrosse 🥍"
	"\nladder 🪜\nlady_beetle 🐞\nladybug 🐞\nlantern 🏮\nlarge_blue_circle 🔵"
	"\nlarge_blue_diamond 🔷\nlarge_blue_square 🟦\nlarge_brown_circle 🟤"
	"\nlarge_brown_square 🟫\nlarge_green_circle 🟢\nlarge_green_square 🟩"
	"\nlarge_orange_circle 🟠\nlarge_orange_diamond 🔶\nlarge_orange_square 🟧"
	"\nlarge_purple_circle 🟣\nlarge_purple_square 🟪\nlarge_red_square 🟥"
	"\nlarge_yellow_circle 🟡\nlarge_yellow_square 🟨\nlast_quarter_moon 🌗"
	"\nlast_quarter_moon_with_face 🌜\nlatin_cross ✝️\nlaughing 😆\nleafless_tree 🪾"
	"\nleafy_green 🥬\nleaves 🍃\nledger 📒\nleft-facing_fist 🤛 \nleft_luggage 🛅"
	"\nleft_right_arrow ↔️\nleft_speech_bubble 🗨️\nleftwards_arrow_with_hook ↩️"
	"\nleftwards_hand 🫲 \nleftwards_pushing_hand 🫷 \nleg 🦵 \nlemon 🍋\nleo ♌"
	"\nleopard 🐆\nlevel_slider 🎚️\nlibra ♎\nlight_blue_heart 🩵\nlight_rail 🚈"
	"\nlightning 🌩️\nlightning_cloud 🌩️\nlime 🍋‍🟩\nlink 🔗"
	"\nlinked_paperclips 🖇️\nlion_face 🦁\nlips 👄\nlipstick 💄\nlizard 🦎\nllama 🦙"
	"\nlobster 🦞\nlock 🔒\nlock_with_ink_pen 🔏\nlollipop 🍭\nlong_drum 🪘\nloop ➿"
	"\nlotion_bottle 🧴\nlotus 🪷\nloud_sound 🔊\nloudspeaker 📢\nlove_hotel 🏩"
	"\nlove_letter 💌\nlow_battery 🪫\nlow_brightness 🔅\nlower_left_ballpoint_pen 🖊️"
	"\nlower_left_crayon 🖍️\nlower_left_fountain_pen 🖋️\nlower_left_paintbrush 🖌️"
	"\nluggage 🧳\nlungs 🫁\nlying_face 🤥\nm Ⓜ️\nmag 🔍\nmag_right 🔎\nmage 🧙 "
	"\nmagic_wand 🪄\nmagnet 🧲\nmahjong 🀄\nmailbox 📫\nmailbox_closed 📪"
	"\nmailbox_with_mail 📬\nmailbox_with_no_mail 📭\nmale-artist 👨‍🎨 "
	"\nmale-astronaut 👨‍🚀 \nmale-construction-worker 👷‍♂️ \nmale-cook 👨‍🍳 "
	"\nmale-detective 🕵️‍♂️ \nmale-doctor 👨‍⚕️ \nmale-factory-worker 👨‍🏭 "
	"\nmale-farmer 👨‍🌾 \nmale-firefighter 👨‍🚒 \nmale-guard 💂‍♂️ "
	"\nmale-judge 👨‍⚖️ \nmale-mechanic 👨‍🔧 \nmale-office-worker 👨‍💼 "
	"\nmale-pilot 👨‍✈️ \nmale-police-officer 👮‍♂️ \nmale-scientist 👨‍🔬 "
	"\nmale-singer 👨‍🎤 \nmale-student 👨‍🎓 \nmale-teacher 👨‍🏫 "
	"\nmale-technologist 👨‍💻 \nmale_elf 🧝‍♂️ \nmale_fairy 🧚‍♂️ "
	"\nmale_genie 🧞‍♂️\nmale_mage 🧙‍♂️ \nmale_sign ♂️"
	"\nmale_superhero 🦸‍♂️ \nmale_supervillain 🦹‍♂️ \nmale_vampire 🧛‍♂️ "
	"\nmale_zombie 🧟‍♂️\nmammoth 🦣\nman 👨 \nman-biking 🚴‍♂️ "
	"\nman-bouncing-ball ⛹️‍♂️ \nman-bowing 🙇‍♂️ \nman-boy 👨‍👦"
	"\nman-boy-boy 👨‍👦‍👦\nman-cartwheeling 🤸‍♂️ \nman-facepalming 🤦‍♂️ "
	"\nman-frowning 🙍‍♂️ \nman-gesturing-no 🙅‍♂️ \nman-gesturing-ok 🙆‍♂️ "
	"\nman-getting-haircut 💇‍♂️ \nman-getting-massage 💆‍♂️ \nman-girl 👨‍👧"
	"\nman-girl-boy 👨‍👧‍👦\nman-girl-girl 👨‍👧‍👧"
	"\nman-golfing 🏌️‍♂️ \nman-heart-man 👨‍❤️‍👨 👨‍❤️‍👨"
	"\nman-juggling 🤹‍♂️ "
	"\nman-kiss-man 👨‍❤️‍💋‍👨 👨‍❤️‍💋‍👨"
	"\nman-lifting-weights 🏋️‍♂️ \nman-man-boy 👨‍👨‍👦"
	"\nman-man-boy-boy 👨‍👨‍👦‍👦\nman-man-girl 👨‍👨‍👧"
	"\nman-man-girl-boy 👨‍👨‍👧‍👦\nman-man-girl-girl 👨‍👨‍👧‍👧"
	"\nman-mountain-biking 🚵‍♂️ \nman-playing-handball 🤾‍♂️ "
	"\nman-playing-water-polo 🤽‍♂️ \nman-pouting 🙎‍♂️ "
	"\nman-raising-hand 🙋‍♂️ \nman-rowing-boat 🚣‍♂️ \nman-running 🏃‍♂️ "
	"\nman-shrugging 🤷‍♂️ \nman-surfing 🏄‍♂️ \nman-swimming 🏊‍♂️ "
	"\nman-tipping-hand 💁‍♂️ \nman-walking 🚶‍♂️ \nman-wearing-turban 👳‍♂️ "
	"\nman-with-bunny-ears-partying 👯‍♂️\nman-woman-boy 👨‍👩‍👦"
	"\nman-woman-boy-boy 👨‍👩‍👦‍👦\nman-woman-girl 👨‍👩‍👧"
	"\nman-woman-girl-boy 👨‍👩‍👧‍👦\nman-woman-girl-girl 👨‍👩‍👧‍👧"
	"\nman-wrestling 🤼‍♂️\nman_and_woman_holding_hands 👫 👩‍🤝‍👨"
	"\nman_climbing 🧗‍♂️ \nman_dancing 🕺 \nman_feeding_baby 👨‍🍼 "
	"\nman_in_business_suit_levitating 🕴️ \nman_in_lotus_position 🧘‍♂️ "
	"\nman_in_manual_wheelchair 👨‍🦽 "
	"\nman_in_manual_wheelchair_facing_right 👨‍🦽‍➡️ "
	"\nman_in_motorized_wheelchair 👨‍🦼 "
	"\nman_in_motorized_wheelchair_facing_right 👨‍🦼‍➡️ "
	"\nman_in_steamy_room 🧖‍♂️ \nman_in_tuxedo 🤵‍♂️ \nman_kneeling 🧎‍♂️ "
	"\nman_kneeling_facing_right 🧎‍♂️‍➡️ "
	"\nman_running_facing_right 🏃‍♂️‍➡️ \nman_standing 🧍‍♂️ "
	"\nman_walking_facing_right 🚶‍♂️‍➡️ \nman_with_beard 🧔‍♂️ "
	"\nman_with_gua_pi_mao 👲 \nman_with_probing_cane 👨‍🦯 \nman_with_turban 👳 "
	"\nman_with_veil 👰‍♂️ \nman_with_white_cane_facing_right 👨‍🦯‍➡️ "
	"\nmango 🥭\nmans_shoe 👞\nmantelpiece_clock 🕰️\nmanual_wheelchair 🦽\nmaple_leaf 🍁"
	"\nmaracas 🪇\nmartial_arts_uniform 🥋\nmask 😷\nmassage 💆 \nmate_drink 🧉"
	"\nmeat_on_bone 🍖\nmechanic 🧑‍🔧 \nmechanical_arm 🦾\nmechanical_leg 🦿"
	"\nmedal 🎖️\nmedical_symbol ⚕️\nmega 📣\nmelon 🍈\nmelting_face 🫠\nmemo 📝"
	"\nmen-with-bunny-ears-partying 👯‍♂️\nmen_holding_hands 👬 👨‍🤝‍👨"
	"\nmending_heart ❤️‍🩹\nmenorah_with_nine_branches 🕎\nmens 🚹\nmermaid 🧜‍♀️ "
	"\nmerman 🧜‍♂️ \nmerperson 🧜 \nmetro 🚇\nmicrobe 🦠\nmicrophone 🎤"
	"\nmicroscope 🔬\nmiddle_finger 🖕 \nmilitary_helmet 🪖\nmilky_way 🌌\nminibus 🚐"
	"\nminidisc 💽\nmirror 🪞\nmirror_ball 🪩\nmobile_phone_off 📴\nmoney_mouth_face 🤑"
	"\nmoney_with_wings 💸\nmoneybag 💰\nmonkey 🐒\nmonkey_face 🐵\nmonorail 🚝\nmoon 🌔"
	"\nmoon_cake 🥮\nmoose 🫎\nmortar_board 🎓\nmosque 🕌\nmosquito 🦟\nmostly_sunny 🌤️"
	"\nmother_christmas 🤶 \nmotor_boat 🛥️\nmotor_scooter 🛵\nmotorized_wheelchair 🦼"
	"\nmotorway 🛣️\nmount_fuji 🗻\nmountain ⛰️\nmountain_bicyclist 🚵 "
	"\nmountain_cableway 🚠\nmountain_railway 🚞\nmouse 🐭\nmouse2 🐁\nmouse_trap 🪤"
	"\nmovie_camera 🎥\nmoyai 🗿\nmrs_claus 🤶 \nmuscle 💪 \nmushroom 🍄"
	"\nmusical_keyboard 🎹\nmusical_note 🎵\nmusical_score 🎼\nmute 🔇\nmx_claus 🧑‍🎄 "
	"\nnail_care 💅 \nname_badge 📛\nnational_park 🏞️\nnauseated_face 🤢\nnazar_amulet 🧿"
	"\nnecktie 👔\nnegative_squared_cross_mark ❎\nnerd_face 🤓\nnest_with_eggs 🪺"
	"\nnesting_dolls 🪆\nneutral_face 😐\nnew 🆕\nnew_moon 🌑\nnew_moon_with_face 🌚"
	"\nnewspaper 📰\nng 🆖\nnight_with_stars 🌃\nnine 9️⃣\nninja 🥷 \nno_bell 🔕"
	"\nno_bicycles 🚳\nno_entry ⛔\nno_entry_sign 🚫\nno_good 🙅 \nno_mobile_phones 📵"
	"\nno_mouth 😶\nno_pedestrians 🚷\nno_smoking 🚭\nnon-potable_water 🚱\nnose 👃 "
	"\nnotebook 📓\nnotebook_with_decorative_cover 📔\nnotes 🎶\nnut_and_bolt 🔩\no ⭕"
	"\no2 🅾️\nocean 🌊\noctagonal_sign 🛑\noctopus 🐙\noden 🍢\noffice 🏢"
	"\noffice_worker 🧑‍💼 \noil_drum 🛢️\nok 🆗\nok_hand 👌 \nok_woman 🙆 "
	"\nold_key 🗝️\nolder_adult 🧓 \nolder_man 👴 \nolder_woman 👵 \nolive 🫒"
	"\nom_symbol 🕉️\non 🔛\noncoming_automobile 🚘\noncoming_bus 🚍"
	"\noncoming_police_car 🚔\noncoming_taxi 🚖\none 1️⃣\none-piece_swimsuit 🩱\nonion 🧅"
	"\nopen_book 📖\nopen_file_folder 📂\nopen_hands 👐 \nopen_mouth 😮\nophiuchus ⛎"
	"\norange_book 📙\norange_heart 🧡\norangutan 🦧\northodox_cross ☦️\notter 🦦"
	"\noutbox_tray 📤\nowl 🦉\nox 🐂\noyster 🦪\npackage 📦\npage_facing_up 📄"
	"\npage_with_curl 📃\npager 📟\npalm_down_hand 🫳 \npalm_tree 🌴\npalm_up_hand 🫴 "
	"\npalms_up_together 🤲 \npancakes 🥞\npanda_face 🐼\npaperclip 📎\nparachute 🪂"
	"\nparking 🅿️\nparrot 🦜\npart_alternation_mark 〽️\npartly_sunny ⛅"
	"\npartly_sunny_rain 🌦️\npartying_face 🥳\npassenger_ship 🛳️\npassport_control 🛂"
	"\npaw_prints 🐾\npea_pod 🫛\npeace_symbol ☮️\npeach 🍑\npeacock 🦚\npeanuts 🥜"
	"\npear 🍐\npencil 📝\npencil2 ✏️\npenguin 🐧\npensive 😔"
	"\npeople_holding_hands 🧑‍🤝‍🧑 🧑‍🤝‍🧑\npeople_hugging 🫂"
	"\nperforming_arts 🎭\npersevere 😣\nperson_climbing 🧗 \nperson_doing_cartwheel 🤸 "
	"\nperson_feeding_baby 🧑‍🍼 \nperson_frowning 🙍 \nperson_in_lotus_position 🧘 "
	"\nperson_in_manual_wheelchair 🧑‍🦽 "
	"\nperson_in_manual_wheelchair_facing_right 🧑‍🦽‍➡️ "
	"\nperson_in_motorized_wheelchair 🧑‍🦼 "
	"\nperson_in_motorized_wheelchair_facing_right 🧑‍🦼‍➡️ \nperson_in_steamy_room 🧖 "
	"\nperson_in_tuxedo 🤵 \nperson_kneeling_facing_right 🧎‍➡️ "
	"\nperson_running_facing_right 🏃‍➡️ \nperson_walking_facing_right 🚶‍➡️ "
	"\nperson_with_ball ⛹️ \nperson_with_blond_hair 👱 \nperson_with_crown 🫅 "
	"\nperson_with_headscarf 🧕 \nperson_with_pouting_face 🙎 "
	"\nperson_with_probing_cane 🧑‍🦯 "
	"\nperson_with_white_cane_facing_right 🧑‍🦯‍➡️ \npetri_dish 🧫\nphoenix 🐦‍🔥"
	"\nphone ☎️\npick ⛏️\npickup_truck 🛻\npie 🥧\npig 🐷\npig2 🐖\npig_nose 🐽"
	"\npill 💊\npilot 🧑‍✈️ \npinata 🪅\npinched_fingers 🤌 \npinching_hand 🤏 "
	"\npineapple 🍍\npink_heart 🩷\npirate_flag 🏴‍☠️\npisces ♓\npizza 🍕"
	"\nplacard 🪧\nplace_of_worship 🛐\nplayground_slide 🛝\npleading_face 🥺\nplunger 🪠"
	"\npoint_down 👇 \npoint_left 👈 \npoint_right 👉 \npoint_up ☝️ \npoint_up_2 👆 "
	"\npolar_bear 🐻‍❄️\npolice_car 🚓\npoodle 🐩\npoop 💩\npopcorn 🍿"
	"\npost_office 🏣\npostal_horn 📯\npostbox 📮\npotable_water 🚰\npotato 🥔"
	"\npotted_plant 🪴\npouch 👝\npoultry_leg 🍗\npound 💷\npouring_liquid 🫗"
	"\npouting_cat 😾\npray 🙏 \nprayer_beads 📿\npregnant_man 🫃 \npregnant_person 🫄 "
	"\npregnant_woman 🤰 \npretzel 🥨\nprince 🤴 \nprincess 👸 \nprinter 🖨️"
	"\nprobing_cane 🦯\npunch 👊 \npurple_heart 💜\npurse 👛\npushpin 📌"
	"\nput_litter_in_its_place 🚮\nquestion ❓\nrabbit 🐰\nrabbit2 🐇\nraccoon 🦝"
	"\nracehorse 🐎\nracing_car 🏎️\nracing_motorcycle 🏍️\nradio 📻\nradio_button 🔘"
	"\nradioactive_sign ☢️\nrage 😡\nrailway_car 🚃\nrailway_track 🛤️\nrain_cloud 🌧️"
	"\nrainbow 🌈\nrainbow-flag 🏳️‍🌈\nraised_back_of_hand 🤚 \nraised_hand ✋ "
	"\nraised_hand_with_fingers_splayed 🖐️ \nraised_hands 🙌 \nraising_hand 🙋 \nram 🐏"
	"\nramen 🍜\nrat 🐀\nrazor 🪒\nreceipt 🧾\nrecycle ♻️\nred_car 🚗\nred_circle 🔴"
	"\nred_envelope 🧧\nred_haired_man 👨‍🦰 \nred_haired_person 🧑‍🦰 "
	"\nred_haired_woman 👩‍🦰 \nregistered ®️\nrelaxed ☺️\nrelieved 😌"
	"\nreminder_ribbon 🎗️\nrepeat 🔁\nrepeat_one 🔂\nrestroom 🚻"
	"\nreversed_hand_with_middle_finger_extended 🖕 \nrevolving_hearts 💞\nrewind ⏪"
	"\nrhinoceros 🦏\nribbon 🎀\nrice 🍚\nrice_ball 🍙\nrice_cracker 🍘\nrice_scene 🎑"
	"\nright-facing_fist 🤜 \nright_anger_bubble 🗯️\nrightwards_hand 🫱 "
	"\nrightwards_pushing_hand 🫸 \nring 💍\nring_buoy 🛟\nringed_planet 🪐\nrobot_face 🤖"
	"\nrock 🪨\nrocket 🚀\nroll_of_paper 🧻\nrolled_up_newspaper 🗞️\nroller_coaster 🎢"
	"\nroller_skate 🛼\nrolling_on_the_floor_laughing 🤣\nrooster 🐓\nroot_vegetable 🫜"
	"\nrose 🌹\nrosette 🏵️\nrotating_light 🚨\nround_pushpin 📍\nrowboat 🚣 \nru 🇷🇺"
	"\nrugby_football 🏉\nrunner 🏃 \nrunning 🏃 \nrunning_shirt_with_sash 🎽\nsa 🈂️"
	"\nsafety_pin 🧷\nsafety_vest 🦺\nsagittarius ♐\nsailboat ⛵\nsake 🍶\nsalt 🧂"
	"\nsaluting_face 🫡\nsandal 👡\nsandwich 🥪\nsanta 🎅 \nsari 🥻\nsatellite 🛰️"
	"\nsatellite_antenna 📡\nsatisfied 😆\nsauropod 🦕\nsaxophone 🎷\nscales ⚖️"
	"\nscarf 🧣\nschool 🏫\nschool_satchel 🎒\nscientist 🧑‍🔬 \nscissors ✂️"
	"\nscooter 🛴\nscorpion 🦂\nscorpius ♏\nscream 😱\nscream_cat 🙀\nscrewdriver 🪛"
	"\nscroll 📜\nseal 🦭\nseat 💺\nsecond_place_medal 🥈\nsecret ㊙️\nsee_no_evil 🙈"
	"\nseedling 🌱\nselfie 🤳 \nserious_face_with_symbols_covering_mouth 🤬"
	"\nservice_dog 🐕‍🦺\nseven 7️⃣\nsewing_needle 🪡\nshaking_face 🫨"
	"\nshallow_pan_of_food 🥘\nshamrock ☘️\nshark 🦈\nshaved_ice 🍧\nsheep 🐑\nshell 🐚"
	"\nshield 🛡️\nshinto_shrine ⛩️\nship 🚢\nshirt 👕\nshit 💩"
	"\nshocked_face_with_exploding_head 🤯\nshoe 👞\nshopping_bags 🛍️\nshopping_trolley 🛒"
	"\nshorts 🩳\nshovel 🪏\nshower 🚿\nshrimp 🦐\nshrug 🤷 \nshushing_face 🤫"
	"\nsign_of_the_horns 🤘 \nsignal_strength 📶\nsinger 🧑‍🎤 \nsix 6️⃣"
	"\nsix_pointed_star 🔯\nskateboard 🛹\nski 🎿\nskier ⛷️\nskin-tone-2 🏻"
	"\nskin-tone-3 🏼\nskin-tone-4 🏽\nskin-tone-5 🏾\nskin-tone-6 🏿\nskull 💀"
	"\nskull_and_crossbones ☠️\nskunk 🦨\nsled 🛷\nsleeping 😴\nsleeping_accommodation 🛌 "
	"\nsleepy 😪\nsleuth_or_spy 🕵️ \nslightly_frowning_face 🙁\nslightly_smiling_face 🙂"
	"\nslot_machine 🎰\nsloth 🦥\nsmall_airplane 🛩️\nsmall_blue_diamond 🔹"
	"\nsmall_orange_diamond 🔸\nsmall_red_triangle 🔺\nsmall_red_triangle_down 🔻\nsmile 😄"
	"\nsmile_cat 😸\nsmiley 😃\nsmiley_cat 😺\nsmiling_face_with_3_hearts 🥰"
	"\nsmiling_face_with_smiling_eyes_and_hand_covering_mouth 🤭\nsmiling_face_with_tear 🥲"
	"\nsmiling_imp 😈\nsmirk 😏\nsmirk_cat 😼\nsmoking 🚬\nsnail 🐌\nsnake 🐍"
	"\nsneezing_face 🤧\nsnow_capped_mountain 🏔️\nsnow_cloud 🌨️\nsnowboarder 🏂 "
	"\nsnowflake ❄️\nsnowman ☃️\nsnowman_without_snow ⛄\nsoap 🧼\nsob 😭\nsoccer ⚽"
	"\nsocks 🧦\nsoftball 🥎\nsoon 🔜\nsos 🆘\nsound 🔉\nspace_invader 👾\nspades ♠️"
	"\nspaghetti 🍝\nsparkle ❇️\nsparkler 🎇\nsparkles ✨\nsparkling_heart 💖"
	"\nspeak_no_evil 🙊\nspeaker 🔈\nspeaking_head_in_silhouette 🗣️\nspeech_balloon 💬"
	"\nspeedboat 🚤\nspider 🕷️\nspider_web 🕸️\nspiral_calendar_pad 🗓️"
	"\nspiral_note_pad 🗒️\nsplatter 🫟\nspock-hand 🖖 \nsponge 🧽\nspoon 🥄"
	"\nsports_medal 🏅\nsquid 🦑\nstadium 🏟️\nstaff_of_aesculapius ⚕️"
	"\nstanding_person 🧍 \nstar ⭐\nstar-struck 🤩\nstar2 🌟\nstar_and_crescent ☪️"
	"\nstar_of_david ✡️\nstars 🌠\nstation 🚉\nstatue_of_liberty 🗽\nsteam_locomotive 🚂"
	"\nstethoscope 🩺\nstew 🍲\nstopwatch ⏱️\nstraight_ruler 📏\nstrawberry 🍓"
	"\nstuck_out_tongue 😛\nstuck_out_tongue_closed_eyes 😝\nstuck_out_tongue_winking_eye 😜"
	"\nstudent 🧑‍🎓 \nstudio_microphone 🎙️\nstuffed_flatbread 🥙"
	"\nsun_behind_cloud 🌥️\nsun_behind_rain_cloud 🌦️\nsun_small_cloud 🌤️"
	"\nsun_with_face 🌞\nsunflower 🌻\nsunglasses 😎\nsunny ☀️\nsunrise 🌅"
	"\nsunrise_over_mountains 🌄\nsuperhero 🦸 \nsupervillain 🦹 \nsurfer 🏄 \nsushi 🍣"
	"\nsuspension_railway 🚟\nswan 🦢\nsweat 😓\nsweat_drops 💦\nsweat_smile 😅"
	"\nsweet_potato 🍠\nswimmer 🏊 \nsymbols 🔣\nsynagogue 🕍\nsyringe 💉\nt-rex 🦖"
	"\ntable_tennis_paddle_and_ball 🏓\ntaco 🌮\ntada 🎉\ntakeout_box 🥡\ntamale 🫔"
	"\ntanabata_tree 🎋\ntangerine 🍊\ntaurus ♉\ntaxi 🚕\ntea 🍵\nteacher 🧑‍🏫 "
	"\nteapot 🫖\ntechnologist 🧑‍💻 \nteddy_bear 🧸\ntelephone ☎️"
	"\ntelephone_receiver 📞\ntelescope 🔭\ntennis 🎾\ntent ⛺\ntest_tube 🧪\nthe_horns 🤘 "
	"\nthermometer 🌡️\nthinking_face 🤔\nthird_place_medal 🥉\nthong_sandal 🩴"
	"\nthought_balloon 💭\nthread 🧵\nthree 3️⃣\nthree_button_mouse 🖱️\nthumbsdown 👎 "
	"\nthumbsup 👍 \nthunder_cloud_and_rain ⛈️\nticket 🎫\ntiger 🐯\ntiger2 🐅"
	"\ntimer_clock ⏲️\ntired_face 😫\ntm ™️\ntoilet 🚽\ntokyo_tower 🗼\ntomato 🍅"
	"\ntongue 👅\ntoolbox 🧰\ntooth 🦷\ntoothbrush 🪥\ntop 🔝\ntophat 🎩\ntornado 🌪️"
	"\ntornado_cloud 🌪️\ntrackball 🖲️\ntractor 🚜\ntraffic_light 🚥\ntrain 🚋"
	"\ntrain2 🚆\ntram 🚊\ntransgender_flag 🏳️‍⚧️\ntransgender_symbol ⚧️"
	"\ntriangular_flag_on_post 🚩\ntriangular_ruler 📐\ntrident 🔱\ntriumph 😤\ntroll 🧌"
	"\ntrolleybus 🚎\ntrophy 🏆\ntropical_drink 🍹\ntropical_fish 🐠\ntruck 🚚\ntrumpet 🎺"
	"\ntshirt 👕\ntulip 🌷\ntumbler_glass 🥃\nturkey 🦃\nturtle 🐢\ntv 📺"
	"\ntwisted_rightwards_arrows 🔀\ntwo 2️⃣\ntwo_hearts 💕"
	"\ntwo_men_holding_hands 👬 👨‍🤝‍👨\ntwo_women_holding_hands 👭 👩‍🤝‍👩"
	"\nu5272 🈹\nu5408 🈴\nu55b6 🈺\nu6307 🈯\nu6708 🈷️\nu6709 🈶\nu6e80 🈵"
	"\nu7121 🈚\nu7533 🈸\nu7981 🈲\nu7a7a 🈳\nuk 🇬🇧\numbrella ☂️"
	"\numbrella_on_ground ⛱️\numbrella_with_rain_drops ☔\nunamused 😒\nunderage 🔞"
	"\nunicorn_face 🦄\nunlock 🔓\nup 🆙\nupside_down_face 🙃\nus 🇺🇸\nv ✌️ "
	"\nvampire 🧛 \nvertical_traffic_light 🚦\nvhs 📼\nvibration_mode 📳\nvideo_camera 📹"
	"\nvideo_game 🎮\nviolin 🎻\nvirgo ♍\nvolcano 🌋\nvolleyball 🏐\nvs 🆚\nwaffle 🧇"
	"\nwalking 🚶 \nwaning_crescent_moon 🌘\nwaning_gibbous_moon 🌖\nwarning ⚠️"
	"\nwastebasket 🗑️\nwatch ⌚\nwater_buffalo 🐃\nwater_polo 🤽 \nwatermelon 🍉"
	"\nwave 👋 \nwaving_black_flag 🏴\nwaving_white_flag 🏳️\nwavy_dash 〰️"
	"\nwaxing_crescent_moon 🌒\nwaxing_gibbous_moon 🌔\nwc 🚾\nweary 😩\nwedding 💒"
	"\nweight_lifter 🏋️ \nwhale 🐳\nwhale2 🐋\nwheel 🛞\nwheel_of_dharma ☸️"
	"\nwheelchair ♿\nwhite_check_mark ✅\nwhite_circle ⚪\nwhite_flower 💮"
	"\nwhite_frowning_face ☹️\nwhite_haired_man 👨‍🦳 \nwhite_haired_person 🧑‍🦳 "
	"\nwhite_haired_woman 👩‍🦳 \nwhite_heart 🤍\nwhite_large_square ⬜"
	"\nwhite_medium_small_square ◽\nwhite_medium_square ◻️\nwhite_small_square ▫️"
	"\nwhite_square_button 🔳\nwilted_flower 🥀\nwind_blowing_face 🌬️\nwind_chime 🎐"
	"\nwindow 🪟\nwine_glass 🍷\nwing 🪽\nwink 😉\nwireless 🛜\nwolf 🐺\nwoman 👩 "
	"\nwoman-biking 🚴‍♀️ \nwoman-bouncing-ball ⛹️‍♀️ \nwoman-bowing 🙇‍♀️ "
	"\nwoman-boy 👩‍👦\nwoman-boy-boy 👩‍👦‍👦\nwoman-cartwheeling 🤸‍♀️ "
	"\nwoman-facepalming 🤦‍♀️ \nwoman-frowning 🙍‍♀️ "
	"\nwoman-gesturing-no 🙅‍♀️ \nwoman-gesturing-ok 🙆‍♀️ "
	"\nwoman-getting-haircut 💇‍♀️ \nwoman-getting-massage 💆‍♀️ "
	"\nwoman-girl 👩‍👧\nwoman-girl-boy 👩‍👧‍👦\nwoman-girl-girl 👩‍👧‍👧"
	"\nwoman-golfing 🏌️‍♀️ \nwoman-heart-man 👩‍❤️‍👨 👩‍❤️‍👨"
	"\nwoman-heart-woman 👩‍❤️‍👩 👩‍❤️‍👩\nwoman-juggling 🤹‍♀️ "
	"\nwoman-kiss-man 👩‍❤️‍💋‍👨 👩‍❤️‍💋‍👨"
	"\nwoman-kiss-woman 👩‍❤️‍💋‍👩 👩‍❤️‍💋‍👩"
	"\nwoman-lifting-weights 🏋️‍♀️ \nwoman-mountain-biking 🚵‍♀️ "
	"\nwoman-playing-handball 🤾‍♀️ \nwoman-playing-water-polo 🤽‍♀️ "
	"\nwoman-pouting 🙎‍♀️ \nwoman-raising-hand 🙋‍♀️ "
	"\nwoman-rowing-boat 🚣‍♀️ \nwoman-running 🏃‍♀️ \nwoman-shrugging 🤷‍♀️ "
	"\nwoman-surfing 🏄‍♀️ \nwoman-swimming 🏊‍♀️ \nwoman-tipping-hand 💁‍♀️ "
	"\nwoman-walking 🚶‍♀️ \nwoman-wearing-turban 👳‍♀️ "
	"\nwoman-with-bunny-ears-partying 👯‍♀️\nwoman-woman-boy 👩‍👩‍👦"
	"\nwoman-woman-boy-boy 👩‍👩‍👦‍👦\nwoman-woman-girl 👩‍👩‍👧"
	"\nwoman-woman-girl-boy 👩‍👩‍👧‍👦\nwoman-woman-girl-girl 👩‍👩‍👧‍👧"
	"\nwoman-wrestling 🤼‍♀️\nwoman_and_man_holding_hands 👫 👩‍🤝‍👨"
	"\nwoman_climbing 🧗‍♀️ \nwoman_feeding_baby 👩‍🍼 "
	"\nwoman_in_lotus_position 🧘‍♀️ \nwoman_in_manual_wheelchair 👩‍🦽 "
	"\nwoman_in_manual_wheelchair_facing_right 👩‍🦽‍➡️ "
	"\nwoman_in_motorized_wheelchair 👩‍🦼 "
	"\nwoman_in_motorized_wheelchair_facing_right 👩‍🦼‍➡️ "
	"\nwoman_in_steamy_room 🧖‍♀️ \nwoman_in_tuxedo 🤵‍♀️ "
	"\nwoman_kneeling 🧎‍♀️ \nwoman_kneeling_facing_right 🧎‍♀️‍➡️ "
	"\nwoman_running_facing_right 🏃‍♀️‍➡️ \nwoman_standing 🧍‍♀️ "
	"\nwoman_walking_facing_right 🚶‍♀️‍➡️ \nwoman_with_beard 🧔‍♀️ "
	"\nwoman_with_probing_cane 👩‍🦯 \nwoman_with_veil 👰‍♀️ "
	"\nwoman_with_white_cane_facing_right 👩‍🦯‍➡️ \nwomans_clothes 👚"
	"\nwomans_flat_shoe 🥿\nwomans_hat 👒\nwomen-with-bunny-ears-partying 👯‍♀️"
	"\nwomen_holding_hands 👭 👩‍🤝‍👩\nwomens 🚺\nwood 🪵\nwoozy_face 🥴"
	"\nworld_map 🗺️\nworm 🪱\nworried 😟\nwrench 🔧\nwrestlers 🤼\nwriting_hand ✍️ "
	"\nx ❌\nx-ray 🩻\nyarn 🧶\nyawning_face 🥱\nyellow_heart 💛\nyen 💴\nyin_yang ☯️"
	"\nyo-yo 🪀\nyum 😋\nzany_face 🤪\nzap ⚡\nzebra_face 🦓\nzero 0️⃣"
	"\nzipper_mouth_face 🤐\nzombie 🧟\nzzz 💤\n";

/* Places of the characters in it, sorted by them without U+FE0F; of the first name of each. */
static const uint16_t emoji_places[] = {
	15677, 17483, 37674, 24902, 33389, 32629, 14509, 9614, 29954, 29512, 6888, 24261, 5128, 28122,
	1472, 17143, 32799, 17110, 18435, 778, 822, 847, 698, 673, 18495, 741, 34106, 16644, 17464, 6963,
	8272, 28300, 523, 503, 2327, 2191, 2389, 280, 31572, 32773, 16671, 6514, 2469, 2073, 19200, 2415,
	34711, 581, 478, 34685, 2248, 34661, 2224, 31910, 4653, 33652, 30817, 4840, 26596, 1432, 33710,
	4760, 29591, 26989, 30139, 27668, 1931, 25094, 31438, 25567, 37603, 34395, 34493, 28136, 9053,
	20047, 459, 32304, 14808, 3496, 18577, 33947, 18621, 29273, 28952, 3582, 449, 26824, 3935, 30960,
	4682, 16035, 6226, 16627, 27968, 17054, 34413, 15432, 367, 5487, 22883, 29148, 292, 14785, 1036,
	14221, 34073, 37649, 33094, 34451, 2045, 4771, 14735, 30875, 1557, 30845, 25431, 32719, 25025,
	26608, 16333, 3746, 3026, 24320, 29676, 4083, 23676, 33678, 14500, 15005, 9221, 2657, 30015, 16883,
	26338, 34936, 20238, 32475, 14679, 29230, 34434, 214, 7033, 9604, 15494, 33816, 37514, 25641, 2265,
	16059, 16252, 18296, 31459, 31020, 6950, 6921, 30802, 30990, 37524, 24088, 27520, 15179, 15145,
	7207, 16201, 15886, 15983, 23038, 16275, 16225, 16086, 717, 5748, 18900, 631, 607, 649, 757, 538,
	2133, 34631, 31388, 24544, 34232, 25411, 4959, 29385, 19278, 2109, 51, 1086, 24551, 25369, 62,
	4172, 5103, 14597, 16907, 24168, 24229, 24672, 30918, 33775, 33983, 9630, 9647, 9664, 9681, 9698,
	9715, 9732, 9749, 9766, 9783, 9800, 9817, 9834, 9851, 9868, 9885, 9902, 9919, 9936, 9953, 9970,
	9987, 10004, 10021, 10038, 10055, 10072, 10089, 10106, 10123, 10140, 10157, 10174, 10191, 10208,
	10225, 10242, 10259, 10276, 10293, 10310, 10327, 10344, 10361, 10378, 10395, 10412, 10429, 4692,
	10463, 10480, 13057, 10497, 10514, 10531, 10548, 10565, 10582, 10599, 5957, 10633, 10650, 10667,
	10684, 10701, 10718, 10735, 10752, 10769, 10786, 10803, 10862, 7109, 10896, 10913, 10930, 10947,
	10964, 10981, 10998, 14556, 11032, 14771, 11066, 11083, 11100, 11117, 11134, 11151, 11168, 11185,
	11202, 11219, 11236, 11253, 11270, 11287, 11304, 11321, 11338, 11355, 11372, 11389, 11406, 11423,
	11440, 11457, 11474, 11491, 11508, 11525, 11542, 11559, 11576, 11593, 11610, 17165, 11644, 11661,
	11678, 17376, 11712, 11729, 11746, 11763, 11780, 11797, 11814, 17758, 11848, 11865, 11882, 11899,
	11916, 11933, 11950, 11967, 11984, 12001, 12018, 12035, 12052, 12069, 12086, 12103, 12120, 12137,
	12154, 12171, 12188, 12205, 12222, 12239, 12256, 12273, 12290, 12307, 12324, 12341, 12358, 12375,
	12392, 12409, 12426, 12443, 12460, 12477, 12494, 12511, 12528, 12545, 12562, 12579, 12596, 12613,
	12630, 12647, 12664, 12681, 12698, 12715, 12732, 12749, 12766, 12783, 12800, 12817, 12834, 12851,
	12868, 12885, 12902, 12919, 12936, 12953, 12970, 12987, 28811, 13021, 13038, 13074, 13091, 13151,
	13168, 13185, 13202, 13219, 13236, 13253, 13270, 13287, 13304, 13321, 13338, 13355, 13372, 13389,
	13406, 13423, 13440, 13457, 13474, 13491, 13508, 13525, 13542, 13559, 13576, 13593, 13610, 13627,
	13644, 13661, 13678, 13695, 13712, 13729, 13746, 13763, 13780, 13797, 33805, 13831, 13848, 13865,
	13882, 13899, 13916, 13933, 13950, 13967, 14024, 14041, 14058, 14075, 14092, 14109, 14126, 14143,
	17750, 28899, 33593, 33546, 33615, 33626, 33524, 33582, 33571, 33557, 33604, 33513, 33535, 16957,
	105, 5837, 14371, 4642, 24251, 31953, 31925, 4146, 4129, 27751, 2967, 24565, 33959, 23262, 6818,
	6838, 6854, 14946, 24182, 34260, 9508, 23451, 14693, 34060, 18246, 34035, 5357, 24206, 9542, 18279,
	14718, 31868, 31415, 31472, 32522, 23539, 1540, 25453, 27735, 30766, 18673, 32928, 14357, 34780,
	16600, 32219, 3256, 3951, 29418, 7190, 6049, 25253, 3366, 16585, 33298, 3919, 28734, 16359, 31883,
	2550, 5150, 6773, 16345, 14534, 22690, 8046, 18360, 23859, 3101, 32842, 6877, 15056, 22906, 34157,
	32292, 18568, 18710, 1458, 26770, 435, 15073, 25616, 25580, 3899, 31610, 15399, 26834, 22787,
	27209, 28370, 28352, 28337, 5781, 27922, 30977, 2891, 14641, 32109, 5895, 24608, 32012, 14630,
	9567, 16899, 29620, 16823, 6530, 5080, 4035, 3521, 18875, 5794, 16487, 3376, 1839, 31557, 14612,
	14466, 32322, 28974, 34827, 4735, 33232, 1743, 1754, 1117, 17716, 3774, 27085, 28327, 14839, 1957,
	17210, 4071, 29040, 9461, 31006, 1374, 32229, 4908, 32277, 5467, 1446, 6432, 14158, 34799, 28386,
	29193, 23495, 22860, 28173, 31744, 18607, 5024, 9311, 165, 3676, 9210, 28638, 9594, 23190, 23805,
	4094, 15813, 909, 32915, 4111, 32733, 4196, 25769, 33924, 5929, 30313, 44, 14751, 2841, 14279,
	23899, 24519, 29136, 15346, 23881, 33275, 33936, 23918, 28891, 32465, 30004, 1584, 3867, 30786,
	28847, 35956, 36986, 21267, 22306, 26263, 32000, 36016, 21323, 31301, 33212, 16540, 14430, 28835,
	32122, 36046, 21351, 34336, 35713, 20846, 15016, 35381, 20655, 27614, 27588, 5396, 33975, 9256,
	16868, 32209, 30747, 3481, 1655, 3185, 16702, 4161, 6110, 4220, 6125, 6147, 24001, 31325, 16681,
	16728, 24620, 27102, 7170, 16555, 1495, 1019, 16611, 18978, 5050, 29173, 6081, 7976, 17190, 17242,
	7144, 34214, 33058, 27769, 34191, 26803, 10825, 13114, 13987, 28747, 17787, 1222, 2807, 333, 30034,
	30051, 30068, 30085, 30102, 27931, 23771, 25141, 34124, 5311, 32756, 18589, 27544, 3726, 2021,
	6564, 5411, 34363, 30691, 30702, 27572, 27911, 14982, 29631, 23410, 28704, 3964, 6409, 29494,
	26656, 2647, 6998, 24598, 29642, 3158, 424, 1733, 17846, 9552, 33251, 2564, 33341, 15719, 1133,
	15699, 1943, 2000, 26578, 25656, 17740, 27062, 6613, 3433, 6445, 23759, 5301, 32744, 27531, 3716,
	6581, 34351, 16522, 23427, 6399, 26646, 14651, 15484, 34871, 1679, 27025, 25326, 26670, 8316, 4013,
	7323, 7255, 7284, 6755, 24457, 18778, 32854, 27008, 26939, 26956, 26974, 7962, 34167, 24685, 4, 13,
	4182, 24993, 5500, 37301, 7313, 24055, 29699, 17302, 6592, 17526, 1895, 37263, 27464, 15603, 27192,
	22625, 1010, 16395, 29015, 2765, 14446, 3302, 3327, 2868, 14900, 20188, 19526, 19666, 19751, 20687,
	20770, 19586, 19468, 21847, 19867, 19841, 19377, 19893, 19561, 20289, 20313, 20566, 20591, 20624,
	20876, 20911, 20950, 20986, 21030, 21516, 21553, 21594, 21632, 21678, 19924, 19727, 19695, 19816,
	19405, 19616, 33440, 22485, 22582, 28037, 5659, 1286, 34517, 22064, 22118, 21963, 22014, 34882,
	8494, 8644, 8735, 35415, 35475, 35562, 35635, 8558, 8432, 36548, 8859, 8831, 8335, 8887, 8531,
	34991, 35017, 35286, 35313, 35348, 36221, 36260, 36303, 36343, 36391, 8920, 8709, 8675, 8804, 8365,
	8590, 21765, 33488, 37147, 37226, 28098, 5724, 1335, 34582, 36732, 36788, 36627, 36680, 8058,
	21760, 33435, 33483, 5112, 8772, 19786, 5884, 37337, 22968, 2945, 37176, 22534, 26369, 2527, 2493,
	22457, 22514, 36145, 21444, 24750, 24768, 1099, 5004, 8405, 19443, 27388, 17282, 17263, 14829, 377,
	305, 30948, 16966, 30113, 17085, 36080, 21383, 15318, 8616, 19640, 5870, 18792, 23965, 22752,
	35260, 20542, 15383, 35223, 20507, 1522, 32164, 26680, 17536, 18995, 28499, 14796, 5264, 2778,
	5227, 34317, 16007, 3053, 33408, 31040, 16023, 5618, 2609, 15106, 37580, 27453, 14855, 28288,
	15910, 6212, 3198, 389, 2666, 37721, 2740, 32074, 6664, 5939, 15657, 23844, 6336, 31128, 32606,
	34468, 23, 23398, 5770, 16108, 5338, 37589, 6421, 7123, 27220, 23384, 3785, 29349, 4889, 2982,
	23289, 14253, 3734, 6723, 9294, 24977, 25206, 25186, 5949, 3390, 3628, 3847, 3817, 1510, 4260,
	27477, 28789, 25341, 31594, 33147, 2719, 18372, 24472, 24508, 4595, 2686, 15089, 2579, 25041, 2730,
	23982, 29329, 22934, 32438, 25217, 8280, 29092, 18962, 22895, 25124, 16982, 25166, 6735, 17005,
	7101, 19311, 19291, 19334, 19360, 27132, 27119, 24221, 17157, 3422, 33890, 23340, 24374, 29925,
	3445, 3468, 33908, 33349, 27628, 33870, 9334, 27286, 33380, 28188, 28204, 871, 900, 19032, 16380,
	23928, 31072, 30929, 18945, 1630, 6984, 19211, 19226, 18861, 4621, 17450, 18838, 33767, 1790,
	24289, 2700, 18727, 27646, 1160, 7060, 24806, 30909, 32903, 33737, 17502, 3567, 93, 33, 32136, 83,
	9364, 14188, 37481, 15411, 24537, 16459, 15355, 23206, 32453, 5560, 29979, 1780, 33160, 2442,
	34738, 27999, 17882, 18076, 17906, 30397, 30371, 30421, 30450, 800, 562, 24795, 6549, 17427, 23507,
	32151, 23079, 4272, 4382, 4408, 4434, 4460, 4486, 4512, 4538, 4564, 4285, 4313, 4341, 4370, 4396,
	4422, 4448, 4474, 4500, 4526, 4552, 4578, 4300, 4328, 4356, 3507, 22648, 16469, 21892, 30236, 8462,
	19496, 5916, 31155, 31174, 17365, 21824, 18750, 19062, 19120, 19150, 19088, 27860, 23225, 31259,
	2092, 6172, 27402, 32656, 32968, 14584, 3653, 3609, 9274, 34092, 31226, 31202, 4872, 24714, 28615,
	5855, 31105, 18461, 28434, 1402, 37443, 23662, 32830, 31508, 17221, 23816, 15217, 15203, 17338,
	30488, 30461, 32091, 18312, 17126, 30641, 34847, 2637, 37625, 28152, 15926, 31899, 30652, 24159,
	7246, 33723, 32057, 25669, 4938, 4924, 17549, 17610, 17636, 17591, 31632, 31700, 31666, 6246,
	37469, 400, 27680, 5521, 25784, 33173, 6273, 14665, 415, 8293, 34304, 30217, 32791, 15193, 30863,
	25010, 7342, 16758, 4814, 29284, 968, 14292, 30176, 6352, 7881, 24388, 7398, 22739, 30476, 17351,
	30504, 15946, 30667, 17566, 27257, 5542, 29300, 30268, 30295, 15750, 15788, 33797, 7854, 24351,
	35152, 20440, 24700, 35186, 20472, 2787, 34966, 20266, 29404, 15875, 31059, 27901, 35894, 21209,
	27882, 25889, 35118, 20408, 26452, 35860, 21177, 27267, 28571, 16304, 31530, 27697, 3243, 3221,
	33026, 23161, 18658, 31485, 33036, 33014, 3265, 24849, 33200, 3278, 23275, 320, 9381, 27050, 24874,
	32313, 24893, 3590, 24831, 2593, 33262, 932, 32984, 23441, 23748, 32036, 23726, 200, 29688, 28802,
	35927, 21240, 31143, 33003, 33861, 4979, 28770, 33125, 6467, 24338, 30680, 24424, 27506, 6380,
	27151, 24447, 1883, 24306, 1872, 34901, 20205, 23702, 35753, 21076, 34008, 36109, 37067, 21410,
	22383, 26306, 24408, 3999, 23089, 37402, 28218, 1150, 32813, 34293, 29837, 1603, 1617, 25520, 5807,
	1252, 18413, 5170, 30204, 29776, 1825, 1721, 26869, 24585, 29801, 16430, 16767, 7012, 34861, 26891,
	34374, 28514, 15457, 29654, 24661, 23643, 27716, 23581, 30344, 263, 239, 29066, 25495, 29245,
	23603, 3549, 30162, 14348, 29995, 1057, 26628, 28656, 18050, 18198, 18001, 18126, 17953, 18173,
	17929, 18101, 18223, 18025, 18151, 17977, 16131, 26734, 34607, 3081, 26754, 37700, 23362, 7947,
	24102, 32544, 7632, 28549, 16746, 32504, 3408, 27804, 18394, 28409, 15633, 5447, 16807, 7500, 4671,
	24024, 28691, 6632, 19193, 7423, 35088, 20380, 30721, 7826, 31404, 37640, 29880, 7920, 7604, 7443,
	7226, 27347, 2911, 25295, 29430, 27373, 26185, 36862, 22188, 23831, 29860, 35987, 21296, 25834,
	35055, 20349, 17415, 35532, 20742, 9192, 37496, 36433, 21718, 34140, 35831, 21150, 15617, 35791,
	21112, 6310, 34757, 6690, 4245, 33317, 31283, 14972, 9484, 29373, 32567, 2859, 22729, 5637, 17804,
	30899, 14329, 5426, 1070, 5574, 1171, 27163, 3707, 1272, 15123, 29577, 31770, 6863, 14920, 25606,
	17661, 25310, 6714, 14486, 32246, 4051, 2828, 5594, 4748, 3008, 26637, 27361, 5824, 29029, 3538,
	18348, 22610, 23466, 1233, 30536, 37562, 30624, 25475, 37428, 16569, 4798, 24275, 6293, 7378,
	26910, 29051, 17776, 14995, 16412, 37285, 5321, 18768, 29259, 33329, 33755, 6746, 6700, 1593,
	29604, 25133, 14548, 3354, 6059, 15044, 18804, 28315, 29849, 31312, 14890, 37664, 16288, 29121,
	32175, 5370, 17441, 18815, 25593, 16448, 25384, 27557, 18828, 23521, 23174, 1183, 32046, 20179,
	6390, 30324, 25107, 25074, 30152, 14172, 25153, 1712, 1968, 29339, 15334, 27423, 2676, 18556,
	14415, 32878, 31968, 9077, 20069, 31987, 9112, 20102, 28935, 6799, 23629, 22674, 22829, 22849,
	3885, 5607, 28984, 1857, 14763, 24940, 8029, 33995, 3339, 22769, 16837, 3124, 33184, 31377, 37025,
	22343, 17682, 36892, 36935, 22216, 22257, 26220, 6002, 6019, 5975, 7655, 179, 15847, 17391, 26691,
	5269, 5232, 8246, 5060, 25860, 23942, 31713, 29937, 944, 32335, 7996, 32373, 24639, 22801, 29208,
	983, 9438, 25695, 26483, 26532, 28068, 5692, 1311, 34550, 26061, 26118, 25954, 26008, 8088, 8138,
	8183, 8220, 3975, 24734, 1699, 37108, 22422, 26421, 26162, 36831, 22159, 25805, 36514, 21797,
	25920, 36585, 21923, 19236, 9026, 20022, 8015, 8972, 19972, 33832, 9142, 20130, 23149, 23102,
	23124, 7021, 8944, 19946, 14818, 9000, 19998, 37712, 9171, 20157, 2880, 25059, 1911, 29161, 14958,
	4706, 30885, 28017, 9421, 17329, 32489, 26565, 6361, 4855, 74, 9404, 32867, 2924, 19265, 19166,
	18918, 32618, 37544, 28918, 32397, 3064, 1568, 28590, 30854, 31272, 27955, 24042, 1361, 24929,
	2994, 29813, 32585, 18642, 15160, 26786, 6651, 142, 31547, 37534, 5512, 37616, 17646, 25356, 2755,
	19253, 26713, 24141, 22703, 14303, 15667, 29825, 28533, 3759, 27942, 1079, 6325, 1485, 23247, 120,
	18890, 4783, 3695, 29317, 17816, 16511, 23301, 34811, 26923, 29534, 17729, 3149, 23787, 32894,
	15828, 26847, 28559, 23318, 16932, 19012, 15471, 14393, 15370, 17514, 14312, 37456, 1766, 4721,
	27181, 37412, 8306, 18929, 5140, 7051, 24122, 16781, 17317, 34837, 18331, 15031, 355, 19177, 25748,
	27304, 27326, 26393, 9354, 23477, 6457, 2626, 1807, 24780, 14203, 32258, 14405, 32355, 27240, 1669,
	17291, 14872, 25549, 28724, 31243, 22924, 29003, 7734, 7796, 7530, 6489, 1984, 3137, 29552, 7474,
	15589, 28458, 15638, 18517, 25237, 25271, 17039, 15963, 18546, 28488,
};
