//! Traditional Chinese characters to simplified ones, as far as carriers use them. Called by `normalize`.

/// Traditional characters, each followed by its simplified form; sorted by the first.
const SIMPLIFIED: &str = "丟丢並并乾干件件佈布併并來来係系個个們们偉伟側侧備备傳传僅仅價价儘尽償偿優优儲储兒儿內内兩两冊册凍冻別别刪删則则剛刚劃划劉刘勁劲動动務务勞劳匯汇區区協协參参吳吴吶呐呂吕員员問问啓启啟启喬乔單单喲哟嗎吗嘍喽噠哒囑嘱國国圓圆執执報报場场塊块壽寿嬰婴孫孙寢寝實实審审寫写寬宽寶宝將将專专尋寻對对導导屆届屬属崗岗師师帳账帶带幣币幫帮幾几庫库廢废廳厅張张彙汇後后從从復复徹彻悅悦惠惠愛爱態态慮虑憑凭懇恳應应懷怀戲戏戶户捨舍掃扫掛挂採采換换搵揾撥拨擁拥擇择擊击擔担據据擬拟攔拦攜携敗败數数斷断於于時时暫暂曬晒書书會会東东條条棄弃楊杨業业樂乐標标樣样機机檔档檢检檯台櫃柜權权歡欢歷历歸归殺杀殼壳毀毁氣气決决沒没況况淨净減减測测湯汤準准溫温滅灭滯滞滿满為为無无煩烦熱热營营爭争爲为狀状獎奖獲获現现環环產产畢毕畫画異异當当疊叠發发盡尽監监盤盘盧卢眾众確确碼码礙碍祕秘禮礼種种稱称積积穩稳筆笔節节範范簽签籤签紀纪約约紅红納纳紙纸級级細细終终組组結结絕绝絡络給给統统綁绑經经維维網网線线編编總总繫系繳缴繼继續续纔才纖纤罰罚羅罗義义聯联聲声聽听脫脱臉脸臨临臺台與与興兴舊旧茲兹萬万葉叶蓋盖蔣蒋蕭萧藍蓝蘇苏處处號号衆众裏里補补裝装裡里製制複复覆复覈核見见規规視视親亲覺觉訂订計计訊讯訓训訖讫託托記记訪访設设許许訴诉註注詐诈評评詢询試试話话該该詳详認认語语誤误說说説说誰谁調调請请諒谅論论諮咨謂谓講讲謝谢謠谣謹谨證证識识譚谭議议護护讀读變变讓让負负貨货責责貴贵買买貸贷費费貼贴賀贺賃赁資资賈贾賞赏賠赔賣卖質质賬账賴赖購购贈赠趙赵軌轨較较載载輯辑輸输轉转辦办這这連连週周進进遊游運运過过達达違违遞递遠远適适遲迟遷迁選选遺遗還还邊边郵邮鄒邹鄧邓鄭郑鄰邻釋释鈴铃銀银銷销錄录錢钱錯错錶表鍾钟鎖锁鐘钟鑑鉴長长門门閉闭開开間间閣阁閱阅閲阅閻阎關关陳陈陸陆隊队際际隨随險险隱隐雖虽雙双離离難难雲云電电靚靓靜静韓韩響响頁页頂顶項项順顺須须預预領领頭头頻频題题額额願愿類类顧顾顯显風风颱台飽饱餘余餽馈饋馈馬马馮冯駁驳驗验驟骤體体髮发麼么黃黄點点齊齐龍龙龔龚";

pub(super) fn simplified(c: char) -> char {
    if !('\u{4e00}'..='\u{9fff}').contains(&c) {
        return c;
    }
    // Every character here takes three bytes, so that a pair can be looked up by its place.
    let pair = |i: usize| SIMPLIFIED.get(i * 6..i * 6 + 6).and_then(|p| Some((p.chars().next()?, p.chars().nth(1)?)));
    let (mut low, mut high) = (0, SIMPLIFIED.len() / 6);
    while low < high {
        let middle = low.midpoint(high);
        match pair(middle) {
            Some((from, to)) if from == c => return to,
            Some((from, _)) if from < c => low = middle + 1,
            _ => high = middle,
        }
    }
    c
}
