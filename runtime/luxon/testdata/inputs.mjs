// What record.mjs asks: [env zone, [class, static member, arguments or null to read it, ...steps]]; a step is [method,
// arguments] or the name of a getter.

const BER = 'Europe/Berlin', NY = 'America/New_York', UTC = 'utc'
const envs = [BER, NY, UTC, 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns', 'Africa/Casablanca']
const locales = ['en-US', 'en-GB', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'en-CA', 'en-AU', 'de-AT', 'de-CH', 'pt-BR', 'pt-PT', 'fr-CA', 'fr-CH', 'es-MX', 'it-CH', 'nl-BE', 'pl', 'sv', 'da', 'nb', 'fi', 'cs', 'en-IN', 'en-ZA', 'en-IE', 'en-NZ', 'es-US', 'fr-BE', 'de-LU', 'es-AR', 'es-CL', 'es-CO']
const dates = ['2024-03-31T02:30:00', '2024-10-27T02:30:00', '2024-02-29T23:59:59.999', '2025-12-29T00:00:00', '2021-01-03T12:34:56.7', '2023-05-04T05:06:07.089', '0099-03-04T05:06:07', '+012345-06-07T08:09:10', '-000044-03-15T12:00:00', '2024-07-15T00:00:00', '2020-12-31T23:59:59', '1900-01-01T00:00:00', '2024-03-10T02:30:00', '2024-11-03T01:30:00']
const iso = (text, o) => ['DateTime', 'fromISO', o ? [text, o] : [text]]
const arg = (text, o) => ({ $new: iso(text, o) })
const dur = (o, opts) => ['Duration', 'fromObject', opts ? [o, opts] : [o]]
const darg = (o) => ({ $new: dur(o) })
const int = (a, b) => ['Interval', 'fromDateTimes', [arg(a), arg(b)]]
const iarg = (a, b) => ({ $new: int(a, b) })
const presets = ['DATE_SHORT', 'DATE_MED', 'DATE_MED_WITH_WEEKDAY', 'DATE_FULL', 'DATE_HUGE', 'TIME_SIMPLE', 'TIME_WITH_SECONDS', 'TIME_WITH_SHORT_OFFSET', 'TIME_WITH_LONG_OFFSET', 'TIME_24_SIMPLE', 'TIME_24_WITH_SECONDS', 'TIME_24_WITH_SHORT_OFFSET', 'TIME_24_WITH_LONG_OFFSET', 'DATETIME_SHORT', 'DATETIME_SHORT_WITH_SECONDS', 'DATETIME_MED', 'DATETIME_MED_WITH_SECONDS', 'DATETIME_MED_WITH_WEEKDAY', 'DATETIME_FULL', 'DATETIME_FULL_WITH_SECONDS', 'DATETIME_HUGE', 'DATETIME_HUGE_WITH_SECONDS']
const preset = (name) => ({ $new: ['DateTime', name, null] })
const units = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond']

function parsing(add) {
  const texts = [...dates, '2016', '2016-05', '201605', '2016-05-25', '20160525', '2016-05-25T09', '2016-05-25T09:24', '2016-05-25T09:24:15', '2016-05-25T09:24:15.123', '2016-05-25T0924', '2016-05-25T092415', '2016-05-25T092415.123', '2016-05-25T09:24:15,123', '20160525T092415.123456789',
    '2016-W21-3', '2016W213', '2016-W21-3T09:24:15.123', '2016W213T09:24:15.123', '2016-W05', '2016W05', '2016-W53-1', '2015-W53-7', '2016-W00', '2016-W21-0', '2016-W21-8', '2016-200', '2016200', '2016-200T09:24:15.123', '2016-366', '2015-366', '2016-000',
    '09:24', '09:24:15', '09:24:15.123', 'T09:24', '0924', '09', 'T0924', '24:00', '2016-05-25T24:00', '2016-05-25T24:01', '2016-05-25T25:00', '2016-05-25T09:60', '2016-05-25T09:24:60', '2016-13-01', '2016-00-01', '2016-02-30', '2015-02-29', '2016-05-32', '2016-05-00',
    '2016-05-25T09:24Z', '2016-05-25T09:24z', '2016-05-25t09:24:15Z', '2016-05-25T09:24+02', '2016-05-25T09:24+0230', '2016-05-25T09:24+02:30', '2016-05-25T09:24-02:30', '2016-05-25T09:24-00:30', '2016-05-25T09:24+99:99', '2016-05-25T09:24:15.123+09:00[Asia/Tokyo]', '2016-05-25T09:24:15[America/New_York]', '2016-05-25T09:24:15[Foo/Bar]', '2016-05-25T09:24[]', '2016-05-25T09:24 +02', '09:24+02:00', '09:24:15[Europe/Paris]',
    '2016-05-25Z', '2016-05-25 09:24', ' 2016-05-25', '2016-05-25 ', '', 'foo', '16-05-25', '2016/05/25', '2016-5-25', '20160', '2016052', '+002016-05-25', '-002016-05-25', '+2016-05-25', '-000000-01-01', '2016-05-2509:24', '2016-05-25T9:24', '2016-05-25T09:2', '2016-05-25T09:24.5', '2016-05-25T09:24:15.', '2016-05-25T09:24:15.1234567890123456789012345678901', '2016-0525', '201605-25', '2016-W2', '2016-W215T', '0000-01-01', '9999-12-31T23:59:59.999', '+275760-09-13', '+275760-09-14']
  for (const t of texts) {
    add(BER, iso(t)); add(NY, iso(t, { setZone: true })); add(UTC, iso(t, { zone: 'Asia/Tokyo' }))
  }
  for (const e of envs) for (const t of ['2024-03-31T02:30:00', '2024-10-27T02:30:00', '2024-10-06T02:15', '2011-12-30T12:00', '2024-04-07T01:45', '1883-11-18T12:00', '1850-01-01', '2045-07-01T12:00']) add(e, iso(t))
  for (const v of [null, 20240101, true, 2016, [2016], 1e21]) add(BER, ['DateTime', 'fromISO', [v]])
  add(BER, ['DateTime', 'fromISO', []]); add(BER, ['DateTime', 'fromISO', ['2024-01-01', null]])
  for (const o of [{ zone: 'Foo/Bar' }, { zone: 'UTC+3' }, { zone: 'utc-03:30' }, { zone: 120 }, { zone: 'local' }, { zone: 'default' }, { zone: 'europe/paris' }, { zone: 'EST' }, { zone: 'GMT' }, { zone: '' }, { zone: '+05:30' }, { zone: 'UTC+25' }, { zone: 'UTC+1:5' }, { zone: { $new: ['IANAZone', 'create', ['Asia/Tokyo']] } }, { zone: {} }, { locale: 'fr' }, { locale: 'de', numberingSystem: 'arab' }, { zone: null }, { outputCalendar: 'gregory' }, { locale: 'en-u-nu-arab' }]) {
    add(NY, iso('2024-05-06T07:08:09', o)); add(BER, ['DateTime', 'now', [], ['setZone', [o.zone ?? null]]])
  }
  for (const t of ['2017-05-15', '2017-05-15 09:12:34', '2017-05-15 09:12:34.342', '2017-05-15 09:12:34.342+06:00', '2017-05-15 09:12:34.342 +06:00', '2017-05-15 09:12:34 +06', '2017-05-15 09:12:34 America/Los_Angeles', '2017-05-15 09:12:34America/Los_Angeles', '2017-05-15 09:12:34.342 Z', '2017-05-15 09:12:34.342 z', '2017-05-15 09:12 Zulu', '09:12:34.342', '09:12', '2017-05-15T09:12', '2017-5-15', '', 'foo', '2017-05-15 25:00:00', '2017-02-30', '2017-05-15 09', '20170515 09:12', '2017-05-15 09:12:34.342  Z', '2017-05-15 0912']) {
    add(BER, ['DateTime', 'fromSQL', [t]]); add(NY, ['DateTime', 'fromSQL', [t, { setZone: true }]]); add(UTC, ['DateTime', 'fromSQL', [t, { zone: 'Asia/Kolkata' }]])
  }
  for (const t of ['25 Nov 2016 13:23:12 GMT', 'Fri, 25 Nov 2016 13:23:12 +0600', '25 Nov 2016 13:23 Z', 'Tue, 01 Nov 2016 01:23:45 -0500', '01 Nov 2016 01:23 EST', '1 Nov 16 01:23:45 PDT', '1 Nov 61 01:23:45 MST', '1 Nov 60 01:23:45 MST', 'Mon, 25 Nov 2016 13:23:12 GMT', '25 Nov 2016 13:23:12 UT', ' Fri, 25 Nov 2016 13:23:12 +0600 (comment)', 'Fri,  25  Nov 2016\n13:23:12 -0030', '25 Nov 216 13:23:12 GMT', '32 Nov 2016 13:23:12 GMT', '25 Nov 2016', '', 'foo', '25 Nov 2016 13:23:12 CST', '25 Nov 2016 13:23:12 XST']) {
    add(BER, ['DateTime', 'fromRFC2822', [t]]); add(BER, ['DateTime', 'fromRFC2822', [t, { setZone: true }]]); add(NY, ['DateTime', 'fromRFC2822', [t, { zone: UTC }]])
  }
  for (const t of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994', 'Mon, 06 Nov 1994 08:49:37 GMT', 'Wed Nov 16 08:49:37 1994', 'Sun, 06 Nov 1994 08:49:37 EST', 'Sunday, 06-Nov-54 08:49:37 GMT', 'foo', '', 'Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 25:49:37 GMT']) {
    add(BER, ['DateTime', 'fromHTTP', [t]]); add(NY, ['DateTime', 'fromHTTP', [t, { setZone: true }]])
  }
  add(BER, ['DateTime', 'fromHTTP', [null]]); add(BER, ['DateTime', 'fromRFC2822', [null]])
}

function formats(add) {
  const cases = [['2024-05-06', 'yyyy-MM-dd'], ['24-5-6', 'yy-M-d'], ['61-5-6', 'yy-M-d'], ['60-5-6', 'yy-M-d'], ['2024 05', 'yyyy MM'], ['May 6, 2024', 'LLLL d, yyyy'], ['May 6, 2024', 'MMM d, yyyy'], ['mon, 06 MAY 2024', 'EEE, dd LLL yyyy'], ['Tuesday 6 May 2024', 'EEEE d MMMM yyyy'], ['Monday', 'cccc'], ['3', 'E'], ['5:06 PM', 'h:mm a'], ['5:06 am', 'h:mm a'], ['12:06 AM', 'h:mm a'], ['12:06 PM', 'h:mm a'], ['12 a.m.', 'h a'], ['17:06', 'HH:mm'], ['17:06 PM', 'HH:mm a'], ['17:06:07.089', 'HH:mm:ss.SSS'], ['17:06:07.8', 'HH:mm:ss.S'], ['17:06:07.8', 'HH:mm:ss.u'], ['17:06:07.123456', 'HH:mm:ss.u'], ['07.12', 's.uu'], ['07.1', 's.uuu'],
    ['2024-127', 'yyyy-ooo'], ['2024 7', 'yyyy o'], ['2024-W19', "kkkk-'W'WW"], ['2024-W19-3', "kkkk-'W'WW-c"], ['24 W19', "kk 'W'WW"], ['Q2 2024', "'Q'q yyyy"], ['Q5 2024', "'Q'q yyyy"], ['2024 +02:00', 'yyyy ZZ'], ['2024 +2', 'yyyy Z'], ['2024 -0330', 'yyyy ZZZ'], ['2024-05-06 07:08 -3:30', 'yyyy-MM-dd HH:mm Z'], ['2024-05-06 07:08 Asia/Tokyo', 'yyyy-MM-dd HH:mm z'], ['2024-05-06 07:08 Foo/Bar', 'yyyy-MM-dd HH:mm z'], ['2024-05-06 07:08 +09:00 America/New_York', 'yyyy-MM-dd HH:mm ZZ z'], ['44 BC', 'y G'], ['44 Before Christ', 'y GG'], ['2024 AD', 'yyyy G'], ['12345', 'yyyyy'], ['012345', 'yyyyyy'], ['5/6/2024', 'D'], ['May 6, 2024', 'DD'], ['May 6, 2024', 'DDD'], ['Monday, May 6, 2024', 'DDDD'], ['5:06 PM', 't'], ['5:06:07 PM', 'tt'], ['17:06', 'T'], ['17:06:07', 'TT'], ['5/6/2024, 5:06 PM', 'f'], ['May 6, 2024, 5:06 PM', 'ff'], ['5/6/2024, 5:06:07 PM', 'F'], ['May 6, 2024 at 5:06 PM', 'fff'],
    ['foo', 'yyyy'], ['', 'yyyy'], ['2024', ''], ['', ''], ['2024-02-30', 'yyyy-MM-dd'], ['2024-13-01', 'yyyy-MM-dd'], ["it's 2024", "'it''s' yyyy"], ['year 2024!', "'year' yyyy!"], ['2024-05-06T07', "yyyy-MM-dd'T'HH"], ['2024.05*06', 'yyyy.MM*dd'], ['x2024', 'xyyyy'], ['1715000000', 'X'], ['1715000000000', 'x'], ['a2024', 'byyyy'], ['25:00', 'HH:mm'], ['2024-05-06 ', 'yyyy-MM-dd'], ['2024\t05', 'yyyy MM'], ['24:00', 'HH:mm'], ['2024 19', 'kkkk nn'], ['13:00 PM', 'h:mm a'], ['0:30 AM', 'h:mm a'], ['2024-05-06 3', 'yyyy-MM-dd c'], ['2024-05-06 1', 'yyyy-MM-dd c'], ['May', 'LLLLL'], ['9 Sept 2024', 'd MMM yyyy']]
  for (const [t, f] of cases) {
    add(BER, ['DateTime', 'fromFormat', [t, f]]); add(NY, ['DateTime', 'fromFormat', [t, f, { setZone: true }]]); add(UTC, ['DateTime', 'fromFormatExplain', [t, f]]); add(UTC, ['DateTime', 'fromFormat', [t, f, { zone: 'Asia/Kolkata' }]])
  }
  const local = { de: ['6. Mai 2024', '06.05.2024', '6. Mai 2024, 17:06', 'Montag, 6. Mai 2024', 'Mo., 6. Mai 2024'], fr: ['6 mai 2024', '06/05/2024', '6 mai 2024, 17:06', 'lundi 6 mai 2024', 'lun. 6 mai 2024'], es: ['6 may 2024', '6/5/2024', '6 may 2024, 17:06', 'lunes, 6 de mayo de 2024', 'lun, 6 may 2024'], it: ['6 mag 2024', '6/5/2024', '6 mag 2024, 17:06', 'lunedì 6 maggio 2024', 'lun 6 mag 2024'], nl: ['6 mei 2024', '6-5-2024', '6 mei 2024, 17:06', 'maandag 6 mei 2024', 'ma 6 mei 2024'], pt: ['6 de mai. de 2024', '06/05/2024', '6 de mai. de 2024, 17:06', 'segunda-feira, 6 de maio de 2024', 'seg., 6 de mai. de 2024'], 'en-GB': ['6 May 2024', '06/05/2024', '6 May 2024, 17:06', 'Monday 6 May 2024', 'Mon 6 May 2024'] }
  for (const [locale, list] of Object.entries(local)) {
    ['DD', 'D', 'ff', 'DDDD', 'EEE, d MMM yyyy'].forEach((f, i) => add(BER, ['DateTime', 'fromFormat', [list[i], f, { locale }]]))
    add(BER, ['DateTime', 'fromFormat', [list[0], 'd MMM yyyy', { locale }]]); add(BER, ['DateTime', 'fromFormat', [list[0], 'd. LLLL yyyy', { locale }]])
  }
  for (const locale of locales) {
    for (const f of ['D', 'DD', 'DDD', 'DDDD', 't', 'tt', 'T', 'f', 'FF', 'fff', "yyyy 'D' D"]) add(BER, ['DateTime', 'expandFormat', [f, { locale }]])
    for (const p of ['DATE_SHORT', 'DATETIME_MED', 'DATETIME_HUGE']) add(BER, ['DateTime', 'parseFormatForOpts', [preset(p), { locale }]])
    for (const f of ['EEE d MMM yyyy h:mm a', 'cccc d. LLLL yyyy GG']) add(BER, ['DateTime', 'fromFormatExplain', ['6', f, { locale }]])
  }
  for (const o of [null, {}, { year: 'numeric' }, { month: 'long', hour12: true, hour: 'numeric' }, { era: 'short', year: 'numeric' }, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, { dateStyle: 'short' }]) add(BER, ['DateTime', 'parseFormatForOpts', [o]])
  add(BER, ['DateTime', 'fromFormat', ['2024']]); add(BER, ['DateTime', 'fromFormat', []]); add(BER, ['DateTime', 'fromFormat', [2024, 'yyyy']]); add(BER, ['DateTime', 'fromFormat', [null, 'yyyy']]); add(BER, ['DateTime', 'fromString', ['2024', 'yyyy']])
  add(BER, ['DateTime', 'fromFormat', ['٢٠٢٤-٠٥', 'yyyy-MM', { numberingSystem: 'arab' }]]); add(BER, ['DateTime', 'fromFormat', ['२०२४', 'yyyy', { locale: 'en', numberingSystem: 'deva' }]])
  const parser = { $new: ['DateTime', 'buildFormatParser', ['yyyy/MM/dd']] }
  add(BER, ['DateTime', 'fromFormatParser', ['2024/05/06', parser]]); add(BER, ['DateTime', 'fromFormatParser', ['x', parser]]); add(BER, ['DateTime', 'fromFormatParser', ['2024/05/06', parser, { locale: 'de' }]]); add(BER, ['DateTime', 'fromFormatParser', ['2024/05/06', parser, { zone: UTC, setZone: true }]]); add(BER, ['DateTime', 'fromFormatParser', ['2024/05/06']])
}

function making(add) {
  const objects = [{}, { year: 2024 }, { year: 2024, month: 2, day: 30 }, { month: 5 }, { day: 31 }, { hour: 5 }, { minute: 5 }, { millisecond: 7 }, { years: 2024, months: 3, days: 4, hours: 5, minutes: 6, seconds: 7, milliseconds: 8 }, { weekYear: 2024, weekNumber: 5, weekday: 3 }, { weekNumber: 5 }, { weekday: 3 }, { weekYear: 2020, weekNumber: 53 }, { weekYear: 2021, weekNumber: 53 }, { ordinal: 60 }, { year: 2023, ordinal: 366 }, { year: 2024, ordinal: 366 }, { year: 2024, weekNumber: 5 }, { ordinal: 5, month: 2 }, { year: 2024, month: 5, day: 6, weekday: 1 }, { year: 2024, month: 5, day: 6, weekday: 2 }, { year: '2024', month: '5' }, { year: 'foo' }, { year: true }, { year: '' }, { year: null, month: 4 }, { year: 2024.5 }, { month: 1.5 }, { hour: 24 }, { hour: 24, minute: 1 }, { hour: -1 }, { minute: 60 }, { second: 60 }, { millisecond: 1000 }, { YEAR: 2024 }, { foo: 1 }, { week: 3 }, { quarter: 2 }, { localWeekNumber: 5 }, { localWeekYear: 2024, localWeekNumber: 1, localWeekday: 1 }, { localWeekday: 1, weekday: 1 }, { year: 99, month: 2, day: 3 }, { year: 0 }, { year: -5, month: 3 }, { year: 300000 }, { year: 12345 }, { weekNumbers: 7 }, { weekNumber: 0 }, { ordinals: 5 }, { year: 2024, month: 3, day: 31, hour: 2, minute: 30 }, { year: 2024, month: 10, day: 27, hour: 2, minute: 30 }]
  for (const o of objects) {
    add(BER, ['DateTime', 'fromObject', [o]]); add(NY, ['DateTime', 'fromObject', [o, { zone: 'UTC+3' }]]); add(UTC, ['DateTime', 'fromObject', [o, { locale: 'en-US' }]])
    add(BER, [...iso('2024-02-29T12:34:56.789'), ['set', [o]]]); add(NY, [...iso('2023-03-11T02:30:00', { locale: 'en-US' }), ['set', [o]]])
  }
  for (const v of [[], [null], [5], ['abc'], [[1]], [{ year: 2024 }, { zone: 'Foo' }], [{ year: 2024 }, null], [{ year: 2024 }, { specificOffset: 60 }]]) add(BER, ['DateTime', 'fromObject', v])
  const args = [[], [2024], [2024, 5], [2024, 5, 6, 7, 8, 9, 10], [2024, 13], [2024, 2, 30], [2024, '5'], [99, 1, 1], [2024, 5, { zone: NY }], [{ zone: 'Asia/Tokyo' }], [{ locale: 'de' }], [2024, 5, { zone: 'Foo' }], [2024.5], [null], [2024, null, 5], ['2024'], [2024, 3, 31, 2, 30], [2024, 5, 6, 24], [2024, 5, 6, 24, 1], [0, 1, 1], [-1, 1, 1], [2024, 5, 6, 7, 8, 9, 1000], [{ $nan: true }]]
  for (const a of args) { add(BER, ['DateTime', 'local', a]); add(NY, ['DateTime', 'utc', a]) }
  for (const v of [0, 1, -1, 1.5, -1.5, 1e12, -1e14, 8.64e15, 8.64e15 + 1, -8.64e15, { $nan: true }, { $n: 'Infinity' }, '1000', null, true, 951782400000, 253402300800000]) {
    for (const o of [undefined, { zone: UTC }, { zone: 'Foo' }, { locale: 'fr' }]) {
      add(BER, ['DateTime', 'fromMillis', o ? [v, o] : [v]]); add(NY, ['DateTime', 'fromSeconds', o ? [v, o] : [v]])
    }
    if (typeof v === 'number') add(BER, ['DateTime', 'fromJSDate', [{ $date: Math.trunc(v) }, { zone: 'Asia/Tokyo' }]])
  }
  for (const v of [{ $date: 'invalid' }, { $date: 0 }, null, 5, 'x', arg('2024-01-01')]) add(BER, ['DateTime', 'fromJSDate', [v]])
  for (const v of [['a'], ['a', 'b'], [''], [], ['a', null]]) for (const c of ['DateTime', 'Duration', 'Interval']) add(BER, [c, 'invalid', v])
  for (const v of [arg('2024-01-01'), darg({ days: 1 }), iarg('2024-01-01', '2024-01-02'), null, 5, {}, 'x']) { add(BER, ['DateTime', 'isDateTime', [v]]); add(BER, ['Duration', 'isDuration', [v]]); add(BER, ['Interval', 'isInterval', [v]]) }
  for (const n of ['min', 'max']) for (const v of [[], [arg('2024-01-01')], [arg('2024-01-02'), arg('2024-01-01'), arg('2024-01-03')], [arg('2024-01-01'), 5], [arg('x'), arg('2024-01-01')]]) add(BER, ['DateTime', n, v])
  for (const p of presets) add(BER, ['DateTime', p, null])
  add(BER, ['DateTime', 'now', []])
}

function getters(add) {
  const names = ['year', 'quarter', 'month', 'day', 'hour', 'minute', 'second', 'millisecond', 'weekYear', 'weekNumber', 'weekday', 'isWeekend', 'localWeekday', 'localWeekNumber', 'localWeekYear', 'ordinal', 'monthShort', 'monthLong', 'weekdayShort', 'weekdayLong', 'offset', 'offsetNameShort', 'offsetNameLong', 'isOffsetFixed', 'isInDST', 'isInLeapYear', 'daysInMonth', 'daysInYear', 'weeksInWeekYear', 'weeksInLocalWeekYear', 'isValid', 'invalidReason', 'invalidExplanation', 'locale', 'numberingSystem', 'outputCalendar', 'zone', 'zoneName', 'nope']
  for (const t of [...dates, 'invalid']) for (const g of names) add(BER, [...iso(t), g])
  for (const l of locales) for (const g of ['monthShort', 'weekdayLong', 'offsetNameLong', 'offsetNameShort', 'localWeekNumber', 'localWeekday', 'isWeekend', 'weeksInLocalWeekYear']) { add(NY, [...iso('2023-01-01T10:00', { locale: l }), g]); add(BER, [...iso('2024-08-31T10:00', { locale: l }), g]) }
  for (const z of ['UTC+3', 'UTC', 'Asia/Kolkata', 'Asia/Tokyo', 'America/Sao_Paulo', 'Africa/Casablanca', 'Australia/Sydney', 'Etc/GMT+5', 'UTC+5:30', 'Europe/London', 'Europe/Dublin', 'system']) for (const g of ['offsetNameShort', 'offsetNameLong', 'isInDST', 'offset', 'zoneName']) { add(BER, [...iso('2024-07-01T00:00Z', { zone: z }), g]); add(BER, [...iso('2024-01-01T00:00Z', { zone: z, locale: 'de' }), g]); add(BER, [...iso('2001-06-01T00:00Z', { zone: z, locale: 'fr' }), g]) }
  for (const g of ['year', 'weekday', 'zoneName', 'ts', 'nope', 'isValid']) add(BER, [...iso('2024-05-06'), ['get', [g]]])
  for (const e of envs) for (const t of dates) add(e, [...iso(t), ['getPossibleOffsets', []]])
}

function changing(add) {
  const durations = [{ days: 1 }, { months: 1 }, { years: 1 }, { hours: 24 }, { weeks: 1.5 }, { months: 1.5 }, { quarters: 1 }, { days: -1, hours: 3 }, { years: 1, months: -13, days: 40, hours: 30, minutes: 90, seconds: 100, milliseconds: 1500 }, { minutes: 0.5 }, { years: 0.5 }, 1000, 0, {}, { days: '2' }, { days: 'x' }, { foo: 1 }, { year: 4 }, { days: 1e9 }, { months: 240000 }]
  for (const t of dates.slice(0, 10)) for (const d of durations) { add(BER, [...iso(t), ['plus', [d]]]); add(NY, [...iso(t), ['minus', [d]]]) }
  for (const v of [null, 'P1D', true, darg({ months: 1 }), []]) { add(BER, [...iso('2024-01-31'), ['plus', [v]]]); add(BER, [...iso('x'), ['plus', [v]]]) }
  add(BER, [...iso('2024-01-31'), ['plus', []]]); add(BER, [...iso('2024-01-31'), ['plus', [{ $new: ['Duration', 'invalid', ['x']] }]]])
  for (const t of [...dates, 'invalid']) for (const u of [...units, 'weeks', 'YEARS']) { add(BER, [...iso(t), ['startOf', [u]]]); add(NY, [...iso(t), ['endOf', [u]]]) }
  for (const l of ['en-US', 'de', 'pt-PT', 'ar-EG'].slice(0, 3)) for (const t of ['2024-03-31', '2024-03-30', '2024-04-01', '2023-01-01']) { add(BER, [...iso(t, { locale: l }), ['startOf', ['week', { useLocaleWeeks: true }]]]); add(BER, [...iso(t, { locale: l }), ['endOf', ['week', { useLocaleWeeks: true }]]]) }
  const weekSettings = { firstDay: 7, minimalDays: 1, weekend: [5, 6] }
  for (const t of dates) for (const steps of [['localWeekNumber'], ['isWeekend'], [['setLocale', ['de']], 'localWeekday'], [['startOf', ['week', { useLocaleWeeks: true }]]], [['toFormat', ['n iiii']]], [['set', [{ localWeekday: 1 }]]]]) add(BER, [...iso(t, { weekSettings }), ...steps])
  for (const w of [{}, { firstDay: 8, minimalDays: 1, weekend: [] }, 5, { firstDay: 1, minimalDays: 1, weekend: [9] }, { firstDay: 1, minimalDays: 1, weekend: [] }, null]) add(BER, iso('2024-05-06', { weekSettings: w }))
  for (const u of ['foo', null, 5, '']) { add(BER, [...iso('2024-05-06'), ['startOf', [u]]]); add(BER, [...iso('2024-05-06'), ['endOf', [u]]]); add(BER, [...iso('2024-05-06'), ['diff', [arg('2024-05-07'), u]]]) }
  const pairs = [['2024-01-01', '2024-03-15'], ['2024-03-15', '2024-01-01'], ['2024-01-31', '2024-02-29'], ['2024-02-29', '2025-02-28'], ['2024-03-30T12:00', '2024-03-31T12:00'], ['2024-03-31T00:00', '2024-03-31T05:00'], ['2024-10-26T12:00', '2024-10-27T12:00'], ['2020-05-31T23:59:59.999', '2024-02-29T00:00:00'], ['2024-05-06', '2024-05-06'], ['2024-01-01T10:20:30.456', '2024-01-01T10:20:31'], ['0001-01-01', '2024-01-01'], ['2024-01-31T10:00', '2024-03-01T09:00'], ['2024-12-30', '2025-01-06T12:00']]
  const sets = [undefined, 'days', 'hours', 'months', 'years', 'weeks', 'quarters', ['months', 'days'], ['years', 'months', 'days', 'hours', 'minutes', 'seconds', 'milliseconds'], ['days', 'hours'], ['weeks', 'days'], ['hours', 'years'], ['quarters', 'weeks', 'milliseconds'], 'minute', []]
  for (const [a, b] of pairs) for (const s of sets) add(BER, [...iso(a), ['diff', s === undefined ? [arg(b)] : [arg(b), s]]])
  for (const [a, b] of pairs) { add(NY, [...iso(a), ['diff', [arg(b, { zone: 'Asia/Tokyo' }), ['months', 'days', 'hours']]]]); add(BER, [...iso(a), ['until', [arg(b)]]]); add(BER, [...iso(a), ['equals', [arg(b)]]]) }
  add(BER, [...iso('2024-01-01'), ['diff', [arg('2023-01-01'), 'months', { conversionAccuracy: 'longterm', locale: 'fr' }]]]); add(BER, [...iso('2024-01-01'), ['diff', [null]]]); add(BER, [...iso('2024-01-01'), ['diff', [{ $date: 0 }]]]); add(BER, [...iso('x'), ['diff', [arg('2024-01-01')]]]); add(BER, [...iso('2024-01-01'), ['diff', [arg('x')]]])
  for (const u of [undefined, 'days', ['months', 'days'], 'hours']) add(BER, [...iso('2024-01-01'), ['diffNow', u === undefined ? [] : [u]]])
  for (const u of units) for (const t of ['2024-03-15T15:30:45.678', '2024-03-15', '2024-03-01', '2024-02-29', '2023-03-15']) { add(BER, [...iso('2024-03-15T15:30:45.678'), ['hasSame', [arg(t), u]]]); add(NY, [...iso('2024-03-15T15:30:45.678'), ['hasSame', [arg(t, { zone: 'Asia/Tokyo' }), u]]]) }
  for (const z of ['utc', 'America/New_York', 'UTC+3', 'local', 'system', 'default', 'Foo', 60, null, 'UTC-3:30', 'Asia/Kolkata']) for (const t of ['2024-03-31T12:00', '2024-10-27T02:30', 'x']) { add(BER, [...iso(t), ['setZone', [z]]]); add(BER, [...iso(t), ['setZone', [z, { keepLocalTime: true }]]]) }
  for (const a of [[], [60], [-90], [60, { keepLocalTime: true }]]) add(BER, [...iso('2024-05-06T07:08'), ['toUTC', a]])
  add(BER, [...iso('2024-05-06T07:08Z', { setZone: true }), ['toLocal', []]])
  for (const o of [{ locale: 'fr' }, { numberingSystem: 'beng' }, { outputCalendar: 'gregory' }, {}, { locale: 'de', numberingSystem: 'arab' }]) { add(BER, [...iso('2024-05-06'), ['reconfigure', [o]]]); add(BER, [...iso('2024-05-06'), ['reconfigure', [o]], ['toLocaleString', []]]); add(BER, [...iso('2024-05-06'), ['resolvedLocaleOptions', [o]]]) }
  for (const l of locales) { add(BER, [...iso('2024-05-06'), ['setLocale', [l]]]); add(BER, [...iso('2024-05-06', { locale: l }), ['resolvedLocaleOptions', []]]) }
}

function writing(add) {
  const o = [undefined, { suppressMilliseconds: true }, { suppressSeconds: true }, { suppressSeconds: true, suppressMilliseconds: true }, { includeOffset: false }, { format: 'basic' }, { extendedZone: true }, { precision: 'year' }, { precision: 'month' }, { precision: 'day' }, { precision: 'hours' }, { precision: 'minute' }, { precision: 'second' }, { precision: 'foo' }, { precision: 'week' }, { includePrefix: true }, { format: 'basic', includePrefix: true, precision: 'minute' }, { precision: 'quarter' }, null]
  for (const t of [...dates, 'x', '2024-05-06T07:08:00.000', '2024-05-06T07:08:09.000']) for (const opt of o) for (const m of ['toISO', 'toISODate', 'toISOTime']) if (dates.indexOf(t) < 6) add(BER, [...iso(t), [m, opt === undefined ? [] : [opt]]])
  for (const z of ['utc', 'UTC+5:30', 'UTC-3', 'America/St_Johns', 'Asia/Kolkata']) for (const opt of o.slice(0, 7)) add(BER, [...iso('2024-05-06T07:08:09', { zone: z }), ['toISO', opt === undefined ? [] : [opt]]])
  for (const t of [...dates, 'x']) for (const m of ['toISOWeekDate', 'toRFC2822', 'toHTTP', 'toSQL', 'toSQLDate', 'toSQLTime', 'toMillis', 'toSeconds', 'toUnixInteger', 'toObject', 'toJSDate', 'toBSON', 'toString', 'toJSON', 'valueOf', 'toLocaleString', 'toLocaleParts']) add(BER, [...iso(t), [m, []]])
  for (const opt of [{ includeOffset: false }, { includeZone: true }, { includeOffsetSpace: false }, { includeZone: true, includeOffsetSpace: false }, { includeOffset: false, includeZone: true }]) for (const m of ['toSQL', 'toSQLTime']) add(NY, [...iso('2024-05-06T07:08:09.01'), [m, [opt]]])
  add(UTC, [...iso('2024-05-06'), ['toSQL', []]]); add(UTC, [...iso('2024-05-06'), ['toRFC2822', []]]); add(BER, [...iso('2024-05-06', { locale: 'de', numberingSystem: 'beng' }), ['toObject', [{ includeConfig: true }]]])
  const tokens = ['S', 'SSS', 'u', 'uu', 'uuu', 's', 'ss', 'm', 'mm', 'h', 'hh', 'H', 'HH', 'Z', 'ZZ', 'ZZZ', 'ZZZZ', 'ZZZZZ', 'z', 'a', 'd', 'dd', 'E', 'EEE', 'EEEE', 'EEEEE', 'c', 'ccc', 'cccc', 'ccccc', 'M', 'MM', 'MMM', 'MMMM', 'MMMMM', 'L', 'LL', 'LLL', 'LLLL', 'LLLLL', 'y', 'yy', 'yyyy', 'yyyyyy', 'G', 'GG', 'GGGGG', 'kk', 'kkkk', 'W', 'WW', 'n', 'nn', 'ii', 'iiii', 'o', 'ooo', 'q', 'qq', 'X', 'x', 'D', 'DD', 'DDD', 'DDDD', 't', 'tt', 'ttt', 'tttt', 'T', 'TT', 'TTT', 'TTTT', 'f', 'ff', 'fff', 'ffff', 'F', 'FF', 'FFF', 'FFFF', 'EE', 'MMMMMM', 'b', 'yyy', 'SS', 'A', "''", "'a'", "'", "yyyy'T", '  ', "h 'o''clock'", 'GGG', 'kkk']
  for (const t of tokens) for (const d of ['2023-05-04T05:06:07.089', '2021-01-03T12:34:56.7', '-000044-03-15T12:00:00']) { add(BER, [...iso(d), ['toFormat', [t]]]); add(NY, [...iso(d, { locale: 'de' }), ['toFormat', [t]]]) }
  for (const l of locales) for (const t of ['DDDD', 'ffff', 'FFF', 'ttt', 'D t', 'EEE d MMM yy', 'cccc LLLL GG', 'h:mm a', 'EEEEE MMMMM GGGGG ccc LLL', 'ZZZZZ', 'n iiii']) { add(BER, [...iso('2023-05-04T05:06:07.089', { locale: l }), ['toFormat', [t]]]); add(UTC, [...iso('2024-12-31T23:59:58'), ['toFormat', [t, { locale: l }]]]) }
  for (const l of locales) for (const p of presets) { add(BER, [...iso('2023-05-04T15:06:07.089'), ['toLocaleString', [preset(p), { locale: l }]]]) }
  for (const z of ['UTC+3', 'UTC+5:30', 'UTC', 'Etc/GMT-7', 'Asia/Kolkata', 'system']) for (const p of ['DATETIME_FULL', 'DATETIME_HUGE', 'TIME_24_WITH_LONG_OFFSET', 'DATE_SHORT']) for (const l of ['en-US', 'de', 'fr']) add(BER, [...iso('2024-01-04T15:06:07Z', { zone: z, locale: l }), ['toLocaleString', [preset(p)]]])
  const intl = [{}, { weekday: 'long' }, { month: 'long' }, { year: '2-digit', month: '2-digit', day: '2-digit' }, { hour: 'numeric', hour12: true }, { hour: 'numeric', hour12: false }, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h24' }, { hour: 'numeric', hourCycle: 'h11', minute: 'numeric' }, { dateStyle: 'full' }, { dateStyle: 'short', timeStyle: 'short' }, { dateStyle: 'medium', timeStyle: 'long' }, { dateStyle: 'long', timeStyle: 'medium', hour12: true }, { timeStyle: 'full' }, { era: 'short' }, { era: 'long', year: 'numeric' }, { era: 'narrow', year: 'numeric', month: 'long', day: 'numeric' }, { timeZoneName: 'short' }, { timeZoneName: 'long', hour: 'numeric' }, { timeZoneName: 'shortOffset' }, { timeZoneName: 'longOffset', hour: 'numeric', minute: 'numeric' }, { minute: 'numeric' }, { second: 'numeric', fractionalSecondDigits: 2 }, { hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 }, { weekday: 'short', day: 'numeric' }, { weekday: 'short', hour: 'numeric' }, { month: 'short', day: 'numeric', hour: 'numeric' }, { month: 'narrow' }, { weekday: 'narrow', month: 'short', day: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit' }, { timeZone: 'Asia/Tokyo', hour: 'numeric', day: 'numeric' }, { timeZone: 'Foo' }, { year: 'foo' }, { dateStyle: 'short', month: 'long' }, { numberingSystem: 'arab' }]
  for (const opt of intl) for (const l of ['en-US', 'en-GB', 'de', 'fr', 'es', 'it', 'nl', 'pt-BR', 'de-CH', 'en-CA', 'pl', 'sv']) { add(BER, [...iso('2023-05-04T15:06:07.089'), ['toLocaleString', [opt, { locale: l }]]]) }
  for (const opt of intl.slice(0, 12)) add(NY, [...iso('2023-05-04T00:06:07.089', { locale: 'de' }), ['toLocaleParts', [opt]]])
}

function relative(add) {
  const at = ['2024-03-15T15:30:45', '2024-03-15T15:30:46', '2024-03-15T15:29', '2024-03-15T17:40', '2024-03-14T15:30', '2024-03-16T23:00', '2024-03-20', '2024-02-10', '2024-04-30', '2023-03-10', '2025-09-01', '2019-01-01', '2024-03-15T15:30:45.678']
  for (const t of at) {
    add(BER, [...iso(t), ['toRelative', []]]); add(BER, [...iso(t), ['toRelativeCalendar', []]])
    for (const o of [{ style: 'short' }, { style: 'narrow', locale: 'de' }, { unit: 'days' }, { unit: 'day' }, { unit: ['hours', 'minutes'] }, { unit: 'quarters' }, { round: false }, { rounding: 'ceil' }, { rounding: 'expand' }, { locale: 'fr' }, { padding: 3600000 }, { base: arg('2024-03-01') }, { base: arg('2024-01-15T12:00', { zone: 'Asia/Tokyo' }), unit: 'weeks' }, { numberingSystem: 'arab', locale: 'en' }]) { add(BER, [...iso(t), ['toRelative', [o]]]); add(BER, [...iso(t), ['toRelativeCalendar', [o]]]) }
  }
  for (const l of locales) for (const t of ['2024-03-14', '2024-03-15T15:25', '2022-01-01', '2024-03-17', '2024-09-01', '2024-03-15T12:00']) { add(BER, [...iso(t, { locale: l }), ['toRelative', []]]); add(BER, [...iso(t, { locale: l }), ['toRelativeCalendar', []]]); add(BER, [...iso(t), ['toRelative', [{ locale: l, style: 'short', round: false }]]]) }
  for (const o of [{ rounding: 'foo' }, { unit: 'foo' }, { base: arg('x') }, { unit: [] }, { style: 'foo', locale: 'de' }, null]) add(BER, [...iso('2024-03-10'), ['toRelative', [o]]])
  add(BER, [...iso('x'), ['toRelative', []]])
}

function durations(add) {
  const texts = ['P1Y', 'P1M', 'P1W', 'P1D', 'PT1H', 'PT1M', 'PT1S', 'P1Y2M3W4DT5H6M7S', 'PT7.5S', 'PT7,25S', 'PT0.123456S', 'PT-0.5S', 'PT-1.5S', '-P1Y2M', '-PT1.5S', 'P-1Y', 'P1.5D', '-P-1D', 'PT', 'P', 'P1', 'PT1', '1D', 'P1H', 'PT1D', 'P1YT', '', 'foo', 'P1,5D', 'PT1.H', 'P0D', 'PT-0S', 'P1D2M', 'P100000000000000000000Y', 'P1000000000000000000000Y', '+P1D', 'PT1.5H', 'PT1.5.5S']
  for (const t of texts) { add(BER, ['Duration', 'fromISO', [t]]); add(BER, ['Duration', 'fromISO', [t], ['toISO', []]]); add(BER, ['Duration', 'fromISO', [t], ['toMillis', []]]) }
  for (const t of ['11:22', '11:22:33', '11:22:33.444', 'T11:22', '1122', '112233.4', '11', '25:00', '1:2', '', 'x', '11:22Z']) add(BER, ['Duration', 'fromISOTime', [t]])
  for (const a of [[null], [], [5], [null, { locale: 'de' }], ['P1D', { locale: 'de', conversionAccuracy: 'longterm' }]]) add(BER, ['Duration', 'fromISO', a])
  for (const a of [[5], ['5'], ['x'], [null], [1.5], [{ $nan: true }], []]) add(BER, ['Duration', 'fromMillis', a])
  const objects = [{ years: 1, months: 2, days: 3 }, { hours: 25, minutes: 61 }, { milliseconds: 123456789 }, { days: 1.5 }, { months: 1.5, days: -3 }, { years: -1, hours: 30 }, { seconds: 3661.5 }, { hours: 2.3456 }, { weeks: 3, days: 10 }, { quarters: 2, months: 5 }, {}, { minutes: -90, seconds: 30 }, { days: 400, hours: -3 }, { years: 1, quarters: 1, months: 1, weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, { milliseconds: 0 }, { seconds: 59.9996 }, { hours: 0, days: 2 }, { months: 14, milliseconds: -1 }]
  for (const o of objects) {
    for (const m of ['toISO', 'toMillis', 'toObject', 'normalize', 'rescale', 'shiftToAll', 'negate', 'toHuman', 'toISOTime', 'removeZeros', 'toString', 'valueOf', 'toJSON']) { add(BER, [...dur(o), [m, []]]); add(BER, [...dur(o, { conversionAccuracy: 'longterm' }), [m, []]]) }
    for (const u of [...units, 'foo']) { add(BER, [...dur(o), ['as', [u]]]); add(BER, [...dur(o), ['get', [u]]]) }
    for (const s of [['days', 'hours'], ['months', 'days'], ['hours', 'minutes', 'seconds', 'milliseconds'], ['years'], [], ['weeks', 'seconds'], ['seconds', 'weeks'], ['foo']]) { add(BER, [...dur(o), ['shiftTo', s]]); add(BER, [...dur(o, { conversionAccuracy: 'longterm' }), ['shiftTo', s]]) }
    for (const x of [{ days: 1 }, 1000, { months: -2 }, null, 'x']) { add(BER, [...dur(o), ['plus', [x]]]); add(BER, [...dur(o), ['minus', [x]]]) }
    for (const f of ['hh:mm:ss', 'd h m', 'S', 'y M w d', "h 'hours' m 'minutes'", 'hhhh:mm:ss.SSS', 'ss.SSS', "'x'", 'q', 'M S']) { add(BER, [...dur(o), ['toFormat', [f]]]) }
    for (const opt of [{ floor: false }, { round: false }, { signMode: 'negativeLargestOnly' }, { signMode: 'all' }]) { add(BER, [...dur(o), ['toFormat', ['h:mm:ss', opt]]]); add(BER, [...dur(o, { locale: 'de' }), ['toFormat', ['d s', opt]]]) }
    for (const opt of [{ unitDisplay: 'short' }, { unitDisplay: 'narrow' }, { listStyle: 'long' }, { showZeros: false }, { maximumFractionDigits: 1 }, { listStyle: 'short', unitDisplay: 'short' }, { useGrouping: true }]) add(BER, [...dur(o), ['toHuman', [opt]]])
    for (const g of ['years', 'quarters', 'days', 'milliseconds', 'isValid', 'invalidReason', 'locale', 'conversionAccuracy']) add(BER, [...dur(o), g])
    add(BER, [...dur(o), ['equals', [darg(o)]]]); add(BER, [...dur(o), ['equals', [darg({ days: 3, years: 1, months: 2, hours: 0 })]]]); add(BER, [...dur(o), ['set', [{ days: 7, hours: 1 }]]]); add(BER, [...dur(o), ['reconfigure', [{ conversionAccuracy: 'longterm' }]], ['as', ['days']]])
    for (const opt of [{ suppressMilliseconds: true }, { includePrefix: true, format: 'basic' }, { suppressSeconds: true }]) add(BER, [...dur(o), ['toISOTime', [opt]]])
  }
  for (const l of locales) for (const o of [{ years: 1, months: 2, days: 1, hours: 5, minutes: 1.5, seconds: 1234 }, { days: 1 }, { weeks: 2, milliseconds: 1 }, { hours: 0, minutes: 1000000 }]) { add(BER, [...dur(o, { locale: l }), ['toHuman', []]]); add(BER, [...dur(o, { locale: l }), ['toHuman', [{ unitDisplay: 'short', listStyle: 'long' }]]]); add(BER, [...dur(o, { locale: l }), ['toHuman', [{ unitDisplay: 'narrow', listStyle: 'short' }]]]) }
  for (const a of [[null], ['x'], [5], [{ foo: 1 }], [{ days: 'x' }], [{ days: null }], [{ days: true }], [{ day: 1, days: 2 }], [{ Days: 1 }], [[]]]) { add(BER, ['Duration', 'fromObject', a]); add(BER, ['Duration', 'fromDurationLike', a]) }
  for (const m of ['toISO', 'toMillis', 'toObject', 'normalize', 'rescale', 'negate', 'toHuman', 'toISOTime', 'toString', 'toJSON']) add(BER, ['Duration', 'invalid', ['r', 'e'], [m, []]])
  for (const g of ['years', 'isValid', 'invalidReason', 'invalidExplanation', 'locale']) add(BER, ['Duration', 'invalid', ['r', 'e'], g])
  add(BER, ['Duration', 'invalid', ['r'], ['toFormat', ['h']]]); add(BER, ['Duration', 'invalid', ['r'], ['as', ['h']]]); add(BER, ['Duration', 'invalid', ['r'], ['equals', [darg({})]]])
}

function intervals(add) {
  const list = [['2024-01-01', '2024-02-01'], ['2024-01-15T12:00', '2024-03-15'], ['2024-02-01', '2024-02-01'], ['2024-03-30', '2024-04-01T12:00'], ['2023-12-31T23:00', '2024-01-01T01:00'], ['2024-02-01', '2024-03-01']]
  for (const [a, b] of list) {
    for (const m of ['toString', 'toISO', 'toISODate', 'toISOTime', 'toDuration', 'length', 'count', 'isEmpty', 'toLocaleString']) add(BER, [...int(a, b), [m, []]])
    for (const u of units) { add(BER, [...int(a, b), ['length', [u]]]); add(BER, [...int(a, b), ['count', [u]]]); add(BER, [...int(a, b), ['hasSame', [u]]]); add(NY, [...int(a, b), ['toDuration', [u]]]) }
    for (const g of ['start', 'end', 'lastDateTime', 'isValid', 'invalidReason', 'invalidExplanation']) add(BER, [...int(a, b), g])
    for (const [c, d] of list) for (const m of ['overlaps', 'abutsStart', 'abutsEnd', 'engulfs', 'equals', 'intersection', 'union', 'difference']) add(BER, [...int(a, b), [m, [iarg(c, d)]]])
    for (const d of [{ days: 7 }, { months: 1 }, 86400000, { hours: 10 }, {}]) add(BER, [...int(a, b), ['splitBy', [d]]])
    for (const n of [1, 2, 3, 2.5]) add(BER, [...int(a, b), ['divideEqually', [n]]])
    add(BER, [...int(a, b), ['splitAt', [arg('2024-01-20'), arg('2024-02-15'), arg('2024-01-10')]]]); add(BER, [...int(a, b), ['splitAt', []]])
    for (const t of ['2024-01-20', '2024-02-01', '2023-01-01']) for (const m of ['contains', 'isAfter', 'isBefore']) add(BER, [...int(a, b), [m, [arg(t)]]])
    add(BER, [...int(a, b), ['toFormat', ['yyyy LLL dd']]]); add(BER, [...int(a, b), ['toFormat', ['D', { separator: ' to ' }]]]); add(BER, [...int(a, b), ['set', [{ end: arg('2025-01-01') }]]]); add(BER, [...int(a, b), ['set', [{ start: arg('2025-01-01') }]]]); add(BER, [...int(a, b), ['toISO', [{ suppressMilliseconds: true }]]]); add(BER, [...int(a, b), ['toDuration', [['months', 'days'], { locale: 'de' }]]])
    add(BER, ['Interval', 'after', [arg(a), { months: 1 }]]); add(BER, ['Interval', 'before', [arg(a), { days: 3 }]])
  }
  for (const t of ['2024-01-01/2024-02-01', '2024-01-01T10:00Z/P1D', 'P1M/2024-03-31', '2024-01-01/P1M2DT3H', '2024-01-01', '', '/', 'x/y', '2024-02-01/2024-01-01', 'P1D/P1D', '2024-01-01/x', '2024-W01/2024-W02-3', '2024-01-01/2024-01-02/2024-01-03']) { add(BER, ['Interval', 'fromISO', [t]]); add(NY, ['Interval', 'fromISO', [t, { setZone: true, locale: 'fr' }]]) }
  add(BER, ['Interval', 'fromISO', [null]]); add(BER, ['Interval', 'fromISO', []])
  for (const a of [[arg('2024-01-02'), arg('2024-01-01')], [arg('x'), arg('2024-01-01')], [arg('2024-01-01'), arg('x')], [{ year: 2024 }, { year: 2025 }], [{ $date: 0 }, { $date: 86400000 }], ['2024', '2025'], [null, null], [5, 6], [{ foo: 1 }, {}]]) add(BER, ['Interval', 'fromDateTimes', a])
  const all = list.map(([a, b]) => iarg(a, b))
  add(BER, ['Interval', 'merge', [all]]); add(BER, ['Interval', 'xor', [all]]); add(BER, ['Interval', 'merge', [[]]]); add(BER, ['Interval', 'xor', [[all[0], all[1]]]]); add(BER, ['Interval', 'merge', [[all[5], all[0]]]])
  const bad = ['Interval', 'invalid', ['r', 'e']]
  for (const m of ['toString', 'toISO', 'toISODate', 'toISOTime', 'toDuration', 'length', 'count', 'toLocaleString', 'splitAt']) add(BER, [...bad, [m, []]])
  for (const g of ['start', 'end', 'lastDateTime', 'isValid', 'invalidReason', 'invalidExplanation']) add(BER, [...bad, g])
  for (const l of locales) for (const p of presets) { add(BER, ['Interval', 'fromDateTimes', [arg('2024-01-01T10:00', { locale: l }), arg('2024-01-03T11:30', { locale: l })], ['toLocaleString', [preset(p)]]]) }
  for (const l of ['en-US', 'en-GB', 'de', 'fr', 'es', 'it', 'nl', 'pt']) for (const p of presets) for (const e of ['2025-01-01T10:00', '2024-02-01T10:00', '2024-01-01T15:00', '2024-01-01T11:00', '2024-01-01T10:05', '2024-01-01T10:00:05', '2024-01-01T10:00']) add(BER, ['Interval', 'fromDateTimes', [arg('2024-01-01T10:00', { locale: l }), arg(e)], ['toLocaleString', [preset(p)]]])
}

function rest(add) {
  for (const l of locales) {
    for (const n of ['months', 'monthsFormat']) for (const w of ['long', 'short', 'narrow', 'numeric', '2-digit']) add(BER, ['Info', n, [w, { locale: l }]])
    for (const n of ['weekdays', 'weekdaysFormat']) for (const w of ['long', 'short', 'narrow']) add(BER, ['Info', n, [w, { locale: l }]])
    for (const w of ['long', 'short', 'narrow']) add(BER, ['Info', 'eras', [w, { locale: l }]])
    for (const n of ['meridiems', 'getStartOfWeek', 'getMinimumDaysInFirstWeek', 'getWeekendWeekdays']) add(BER, ['Info', n, [{ locale: l }]])
  }
  for (const n of ['months', 'weekdays', 'eras', 'meridiems', 'features', 'getStartOfWeek', 'getWeekendWeekdays', 'hasDST']) add(BER, ['Info', n, []])
  add(BER, ['Info', 'weekdays', ['numeric']]); add(BER, ['Info', 'months', ['foo']]); add(BER, ['Info', 'months', ['long', { locale: 'en', numberingSystem: 'beng' }]])
  for (const z of ['Europe/Berlin', 'Asia/Tokyo', 'utc', 'UTC+3', 'Foo', 'America/New_York', 'Asia/Kolkata', 'europe/berlin', '', 'EST', 'local', 'GMT', '+02:00', '+2', 'Etc/GMT+5', 'US/Pacific']) { add(BER, ['Info', 'hasDST', [z]]); add(BER, ['Info', 'isValidIANAZone', [z]]); add(BER, ['Info', 'normalizeZone', [z]]); add(BER, ['IANAZone', 'isValidZone', [z]]); add(BER, ['IANAZone', 'create', [z], 'isValid']); add(BER, ['FixedOffsetZone', 'parseSpecifier', [z]]) }
  for (const v of [null, 60, -90, { $new: ['FixedOffsetZone', 'utcInstance', null] }, {}, true]) add(BER, ['Info', 'normalizeZone', [v]])
  for (const z of [['IANAZone', 'create', ['Europe/Berlin']], ['FixedOffsetZone', 'instance', [90]], ['FixedOffsetZone', 'instance', [0]], ['FixedOffsetZone', 'new', [-210]], ['SystemZone', 'instance', null], ['InvalidZone', 'new', ['x']], ['IANAZone', 'new', ['Foo/Bar']]]) {
    for (const g of ['type', 'name', 'ianaName', 'isUniversal', 'isValid']) add(BER, [...z, g])
    for (const ms of [0, 1720000000000, -3e12]) { add(BER, [...z, ['offset', [ms]]]); for (const f of ['narrow', 'short', 'techie', 'foo']) add(BER, [...z, ['formatOffset', [ms, f]]]); add(BER, [...z, ['offsetName', [ms, { format: 'long', locale: 'en-US' }]]]) }
    add(BER, [...z, ['equals', [{ $new: ['IANAZone', 'create', ['Europe/Berlin']] }]]])
  }
  for (const n of ['defaultZone', 'defaultLocale', 'defaultNumberingSystem', 'defaultOutputCalendar', 'twoDigitCutoffYear', 'defaultWeekSettings']) add(NY, ['Settings', n, null])
}

export function inputs() {
  const out = []
  const add = (env, steps) => out.push([env, steps])
  for (const f of [parsing, formats, making, getters, changing, writing, relative, durations, intervals, rest]) f(add)
  return out
}
