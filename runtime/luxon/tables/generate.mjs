// Records what Intl of this Node (full ICU) knows about the locales of this package, as data:
//   unzip -Z1 "$(go env GOROOT)/lib/time/zoneinfo.zip" | node tables/generate.mjs tables
// writes tables/common.json.gz and tables/<locale>.json.gz. Patterns hold fields in braces: {y}, {MM}, {M0} for the first list
// of month names, {W1}, {E0}, {P0} (AM and PM), {z} for the name of the zone, {n} for a number.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const locales = ['en', 'en-GB', 'en-CA', 'en-AU', 'en-NZ', 'en-IE', 'en-IN', 'en-ZA', 'de', 'de-AT', 'de-CH', 'de-LU', 'fr', 'fr-CA', 'fr-CH', 'fr-BE',
  'es', 'es-MX', 'es-US', 'es-AR', 'es-CL', 'es-CO', 'it', 'it-CH', 'nl', 'nl-BE', 'pt', 'pt-PT', 'pl', 'sv', 'da', 'nb', 'fi', 'cs']
const target = process.argv[2]
const range = (n) => [...Array(n).keys()]
const utc = (...a) => { const d = new Date(0); d.setUTCFullYear(a[0], a[1], a[2]); d.setUTCHours(a[3] ?? 0, a[4] ?? 0, a[5] ?? 0, a[6] ?? 0); return d }
const sample = utc(2005, 2, 4, 5, 6, 7, 89)
const width = { n: 'numeric', 2: '2-digit', s: 'short', l: 'long', w: 'narrow' }

const zoneWidth = { z: 'short', Z: 'long', O: 'shortOffset' }

class Recorder {
  constructor(locale) {
    this.locale = locale
    this.lists = { M: [], W: [], E: [], P: [] }
    this.pool = []
    this.index = new Map()
  }
  intern(pattern) {
    if (!this.index.has(pattern)) this.index.set(pattern, this.pool.push(pattern) - 1)
    return this.index.get(pattern)
  }
  list(kind, values) {
    const text = JSON.stringify(values)
    let i = this.lists[kind].findIndex((l) => JSON.stringify(l) === text)
    if (i < 0) i = this.lists[kind].push(values) - 1
    return kind + i
  }
  format(options) { return new Intl.DateTimeFormat(this.locale, { timeZone: 'UTC', ...options }) }
  field(part, f, mark = '') {
    const value = (d, type) => f.formatToParts(d).find((p) => p.type === type)?.value ?? ''
    const two = (letter, long) => (part.value === long ? letter + letter : letter)
    const names = { era: 'E', month: 'M', weekday: 'W', dayPeriod: 'P' }
    let name
    switch (part.type) {
      case 'year': name = part.value.length === 2 ? 'yy' : 'y'; break
      case 'day': name = part.value.length === 2 ? 'dd' : 'd'; break
      case 'minute': name = part.value.length === 2 ? 'mm' : 'm'; break
      case 'second': name = part.value.length === 2 ? 'ss' : 's'; break
      case 'hour': {
        const letter = { h12: 'h', h23: 'H', h11: 'K', h24: 'k' }[f.resolvedOptions().hourCycle]
        name = part.value.length === 2 ? letter + letter : letter
        break
      }
      case 'timeZoneName': name = f.resolvedOptions().timeZoneName === 'long' && part.value === 'UTC' ? 'zs' : 'z'; break // some ranges shorten it
      case 'month':
        if (/^\d+$/.test(part.value)) name = part.value.length === 2 ? 'MM' : 'M'
        else name = this.list('M', range(12).map((m) => value(utc(2005, m, 4, 5, 6, 7), 'month')))
        break
      case 'weekday': name = this.list('W', range(7).map((i) => value(utc(2005, 2, 7 + i, 5, 6, 7), 'weekday'))); break
      case 'era': name = this.list('E', [value(utc(-40, 2, 4, 5, 6, 7), 'era'), value(sample, 'era')]); break
      case 'dayPeriod': name = this.list('P', [value(utc(2005, 2, 4, 9), 'dayPeriod'), value(utc(2005, 2, 4, 19), 'dayPeriod')]); break
      default: throw new Error(`${this.locale}: ${part.type}`)
    }
    return `{${mark}${name}}`
  }
  pattern(options) {
    const f = this.format(options)
    return f.formatToParts(sample).map((p) => (p.type === 'literal' ? p.value : this.field(p, f))).join('')
  }
}

function dateKeys() {
  const keys = []
  for (const w of '-wsl') for (const e of '-s') for (const y of '-n2') for (const m of '-n2slw') for (const d of '-n2') {
    const key = w + e + y + m + d
    if (key !== '-----' && (w === '-' || e === '-')) keys.push(key) // both together stop this Node in some locales
  }
  return keys
}
function dateOptions(key) {
  const o = {}
  ;['weekday', 'era', 'year', 'month', 'day'].forEach((name, i) => { if (key[i] !== '-') o[name] = width[key[i]] })
  return o
}
function timeKeys() {
  const keys = []
  for (const h of '-n2') for (const m of '-n2') for (const s of '-n2') for (const z of '-zZO') for (const c of ['', 'h11', 'h12', 'h23', 'h24']) {
    if (h === '-' && c) continue
    if (h + m + s === '---') continue
    keys.push(h + m + s + z + c)
  }
  return keys
}
function timeOptions(key) {
  const o = {}
  ;['hour', 'minute', 'second'].forEach((name, i) => { if (key[i] !== '-') o[name] = width[key[i]] })
  if (key[3] !== '-') o.timeZoneName = zoneWidth[key[3]]
  if (key.length > 4) o.hourCycle = key.slice(4)
  return o
}

// glueOf is which of the four ways date and time are joined.
const glueOf = (key) => (key[3] === 'l' ? (key[0] !== '-' ? 3 : 2) : key[3] === 's' ? 1 : 0)

function dates(r) {
  const date = {}, time = {}, whole = {}, glue = []
  for (const k of dateKeys()) date[k] = r.intern(r.pattern(dateOptions(k)))
  for (const k of timeKeys()) time[k] = r.intern(r.pattern(timeOptions(k)))
  for (const key of ['--nnn', '--nsn', '--nln', 'l-nln']) {
    const d = r.pool[date[key]], t = r.pool[time['22--h23']]
    glue.push(r.pattern({ ...dateOptions(key), ...timeOptions('22--h23') }).replace(d, '{1}').replace(t, '{0}'))
  }
  const join = (dk, t) => glue[glueOf(dk)].replace('{1}', r.pool[date[dk]]).replace('{0}', t)
  for (const dk of dateKeys()) {
    for (const z of 'zZO') {
      const zoned = r.pattern({ ...dateOptions(dk), timeZoneName: zoneWidth[z] })
      if (zoned !== join(dk, '{z}')) whole[dk + '---' + z] = r.intern(zoned)
    }
    if (dk[1] !== '-') continue
    for (const tk of /^[wsl]----$/.test(dk) ? timeKeys() : ['nn--', 'nnn-', 'n---', 'nn-z', 'nn-Z', 'nnnZ', 'nnnO', '22--h23', 'n2--h12', '-nn-']) {
      const real = r.pattern({ ...dateOptions(dk), ...timeOptions(tk) })
      if (real !== join(dk, r.pool[time[tk]])) whole[dk + tk] = r.intern(real)
    }
  }
  const styles = {}
  const names = ['full', 'long', 'medium', 'short']
  for (const d of [undefined, ...names]) for (const t of [undefined, ...names]) {
    for (const c of ['', 'h11', 'h12', 'h23', 'h24']) {
      if (!d && !t || !t && c) continue
      styles[`${d ?? ''}|${t ?? ''}|${c}`] = r.intern(r.pattern({ dateStyle: d, timeStyle: t, ...(c && { hourCycle: c }) }))
    }
  }
  const cycle = (o) => r.format({ hour: 'numeric', ...o }).resolvedOptions().hourCycle
  return { date, time, whole, glue, styles, cycles: [cycle({}), cycle({ hour12: true }), cycle({ hour12: false })] }
}

const presets = ['--nnn', '--nsn', 's-nsn', '--nln', 'l-nln']
const presetTimes = ['', 'nn--', 'nnn-', 'nn-z', 'nn-Z', 'nnnz', 'nnnZ', 'nn--h23', 'nnn-h23', 'nnnzh23', 'nnnZh23']
function ranges(r) {
  const out = {}
  const start = utc(2005, 2, 4, 5, 6, 7)
  const ends = { year: utc(2006, 2, 4, 5, 6, 7), month: utc(2005, 4, 4, 5, 6, 7), day: utc(2005, 2, 8, 5, 6, 7), ampm: utc(2005, 2, 4, 15, 6, 7), hour: utc(2005, 2, 4, 8, 6, 7), minute: utc(2005, 2, 4, 5, 9, 7), second: utc(2005, 2, 4, 5, 6, 9) }
  const keys = []
  for (const d of ['', ...presets]) for (const t of presetTimes) if (d || t) keys.push([d, t])
  for (const [d, t] of keys) {
    const f = r.format({ ...(d && dateOptions(d)), ...(t && timeOptions(t)) })
    const fields = []
    for (const end of Object.values(ends)) {
      const parts = f.formatRangeToParts(start, end)
      if (parts.every((p) => p.source === 'shared')) { fields.push(-1); continue }
      let text = ''
      for (const p of parts) text += p.type === 'literal' ? p.value : r.field(p, f, p.source === 'endRange' ? '>' : '')
      fields.push(r.intern(text))
    }
    out[(d || '-----') + t] = fields
  }
  return out
}

function numbers(locale) {
  const parts = (v, o) => new Intl.NumberFormat(locale, o).formatToParts(v)
  const one = (v, o, type) => parts(v, o).find((p) => p.type === type)?.value ?? ''
  const groups = parts(1234567890, {}).filter((p) => p.type === 'integer').map((p) => p.value.length)
  const digits = ['integer', 'group', 'decimal', 'fraction', 'compact0']
  const affix = (v, o) => {
    let text = '', seen = false
    for (const p of parts(v, o)) {
      if (digits.includes(p.type)) { if (!seen) text += '{n}'; seen = true } else text += p.value
    }
    return text
  }
  const plural = new Intl.PluralRules(locale)
  const samples = {}
  for (const v of [1, 2, 3, 4, 5, 0, 1.5, 0.5, 1e6, 11]) samples[plural.select(v)] ??= v
  const byPlural = (o) => Object.fromEntries(Object.entries(samples).map(([k, v]) => [k, affix(v, o)]))
  const n = {
    decimal: one(1.5, {}, 'decimal'), group: one(1e6, {}, 'group'), minus: one(-1, {}, 'minusSign'), plus: one(1, { signDisplay: 'always' }, 'plusSign'),
    nan: one(NaN, {}, 'nan'), infinity: one(Infinity, {}, 'infinity'), exponent: one(1e5, { notation: 'scientific' }, 'exponentSeparator'),
    groups: [groups.at(-1), groups.at(-2)], minGroup: parts(1234, {}).some((p) => p.type === 'group') ? 1 : 2,
    moneyMinGroup: parts(1234, { style: 'currency', currency: 'EUR' }).some((p) => p.type === 'group') ? 1 : 2,
    moneyDecimal: one(1.5, { style: 'currency', currency: 'EUR' }, 'decimal'), moneyGroup: one(1e6, { style: 'currency', currency: 'EUR' }, 'group'),
    percent: [affix(1, { style: 'percent' }), affix(-1, { style: 'percent' })],
    plurals: Object.keys(samples),
  }
  n.currency = {}
  for (const c of currencies) {
    const row = []
    for (const currencyDisplay of ['symbol', 'narrowSymbol', 'code']) {
      const o = { style: 'currency', currency: c, currencyDisplay }
      row.push(affix(1, o), affix(-1, o), affix(-1, { ...o, currencySign: 'accounting' }), affix(1, { ...o, currencySign: 'accounting', signDisplay: 'always' }))
    }
    n.currency[c] = [row, byPlural({ style: 'currency', currency: c, currencyDisplay: 'name', minimumFractionDigits: 0 })]
  }
  n.unit = {}
  for (const unit of units) n.unit[unit] = ['long', 'short', 'narrow'].map((unitDisplay) => byPlural({ style: 'unit', unit, unitDisplay }))
  n.compact = {}
  for (const compactDisplay of ['short', 'long']) {
    const rows = []
    for (let e = 3; e < 15; e++) {
      const shown = parts(2 * 10 ** e, { notation: 'compact', compactDisplay }).filter((p) => p.type === 'integer').map((p) => p.value).join('').length
      const row = { d: shown }
      const o = { notation: 'compact', compactDisplay }
      for (const v of [1, 2, 5, 1.5, 1.2, 12, 15, 22, 25, 10, 100, 102, 105, 122, 123, 1000, 1002, 1005, 1234, 10000, 12345, 123456]) {
        if (String(Math.trunc(v)).length !== shown) continue
        const text = affix(v * 10 ** (e - shown + 1), o)
        if (text.includes('{n}')) row[plural.select(v)] ??= text
        else row['=' + v] = text // mille
      }
      rows.push(row)
    }
    n.compact[compactDisplay] = rows
  }
  return n
}
const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'CNY', 'AUD', 'CAD', 'NZD', 'INR', 'BRL', 'MXN', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'HUF', 'RON', 'BGN', 'TRY', 'RUB', 'UAH',
  'ZAR', 'KRW', 'SGD', 'HKD', 'TWD', 'THB', 'IDR', 'MYR', 'PHP', 'VND', 'ILS', 'AED', 'SAR', 'EGP', 'NGN', 'KES', 'MAD', 'ARS', 'CLP', 'COP', 'PEN', 'UYU', 'ISK', 'KWD', 'XXX']
const units = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond', 'nanosecond', 'bit', 'byte', 'kilobit', 'kilobyte', 'megabit', 'megabyte', 'gigabit', 'gigabyte',
  'terabit', 'terabyte', 'petabyte', 'celsius', 'fahrenheit', 'degree', 'percent', 'meter', 'centimeter', 'millimeter', 'kilometer', 'mile', 'yard', 'foot', 'inch', 'gram', 'kilogram', 'ounce', 'pound', 'stone',
  'liter', 'milliliter', 'gallon', 'fluid-ounce', 'acre', 'hectare', 'kilometer-per-hour', 'mile-per-hour', 'meter-per-second', 'mile-per-gallon', 'liter-per-kilometer']

function relative(locale) {
  const out = {}
  const plural = new Intl.PluralRules(locale)
  const samples = {}
  for (const v of [1, 2, 3, 4, 5, 0, 1.5, 0.5, 1e6, 11]) samples[plural.select(v)] ??= v
  const text = (f, v, unit) => {
    let out = '', seen = false
    for (const p of f.formatToParts(v, unit)) {
      if (p.type === 'literal') out += p.value
      else { if (!seen) out += '{n}'; seen = true }
    }
    return out
  }
  for (const style of ['long', 'short', 'narrow']) for (const unit of ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second']) {
    const always = new Intl.RelativeTimeFormat(locale, { style }), auto = new Intl.RelativeTimeFormat(locale, { style, numeric: 'auto' })
    const row = { past: {}, future: {}, words: {} }
    for (const [k, v] of Object.entries(samples)) {
      row.past[k] = text(always, v === 0 ? -0 : -v, unit)
      row.future[k] = text(always, v, unit)
    }
    for (const v of [-2, -1, -0, 0, 1, 2]) {
      const word = auto.format(v, unit)
      if (word !== always.format(v, unit)) row.words[Object.is(v, -0) ? '-0' : String(v)] = word
    }
    out[style + ' ' + unit] = row
  }
  return out
}

function lists(locale) {
  const out = {}
  for (const type of ['conjunction', 'disjunction', 'unit']) for (const style of ['long', 'short', 'narrow']) {
    const f = new Intl.ListFormat(locale, { type, style })
    const between = (l) => f.formatToParts(l).filter((p) => p.type === 'literal').map((p) => p.value)
    const [first, middle, last] = between(['A', 'B', 'C', 'D'])
    out[type + ' ' + style] = [between(['A', 'B'])[0], first, middle, last]
  }
  return out
}

// A digest of a locale is made in a process of its own: some stop Node.
const digest = (l) => { const r = new Recorder(l); const d = dates(r); return JSON.stringify([d, r.lists, r.pool, gmt(l), numbers(l), relative(l), lists(l)]) }
const digestApart = (l) => { try { return execFileSync(process.execPath, [process.argv[1], '--digest', l], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 24 }).toString() } catch { return 'none' } }
if (target === '--digest') { process.stdout.write(digest(process.argv[3]), () => process.exit()); await new Promise(() => {}) }

const candidates = readFileSync(0, 'utf8').split('\n').filter((n) => n && !n.endsWith('/'))
const valid = (zone) => { try { return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone } catch { return '' } }
const canonical = Object.fromEntries(candidates.map((n) => [n, valid(n)]).filter(([, c]) => c))
const zones = [...new Set(Object.values(canonical))].sort()
const instants = [2024, 2018, 2010, 2000, 1990, 1980, 1970].flatMap((y) => [utc(y, 0, 15), utc(y, 6, 15)])

function gmt(locale) {
  const name = (zone, timeZoneName) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName }).formatToParts(sample).find((p) => p.type === 'timeZoneName').value
  return [name('UTC', 'shortOffset'), name('Asia/Tokyo', 'shortOffset').replace('9', ''), name('Etc/GMT+9', 'shortOffset').replace('9', ''), name('Asia/Tokyo', 'longOffset').at(-3)]
}
const offsetOf = (zone, at) => {
  const p = Object.fromEntries(zoneFormats[zone].formatToParts(at).map((x) => [x.type, +x.value]))
  return (Date.UTC(p.year, p.month - 1, p.day, p.hour % 24, p.minute, p.second) - at) / 60000
}
const zoneFormats = Object.fromEntries(zones.map((z) => [z, new Intl.DateTimeFormat('en', { timeZone: z, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })]))
const zoneOffsets = Object.fromEntries(zones.map((z) => [z, instants.map((at) => offsetOf(z, at))]))
function zoneNames(locale) {
  const out = {}
  for (const zone of zones) {
    const row = {}
    const formats = ['short', 'long'].map((timeZoneName) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName, hour: 'numeric' }))
    instants.forEach((at, i) => {
      const offset = zoneOffsets[zone][i]
      if (offset in row) return
      row[offset] = formats.map((f) => {
        const name = f.formatToParts(at).find((p) => p.type === 'timeZoneName').value
        return /^(GMT|UTC|Z|UT)?([-+−]\d.*)?$/.test(name) && zone !== 'UTC' && name !== 'GMT' && name !== 'UTC' ? '' : name
      })
    })
    out[zone] = row
  }
  return out
}

const result = {}, allNames = {}
for (const locale of locales) {
  const r = new Recorder(locale)
  const d = dates(r)
  const data = { ...d, ranges: ranges(r), lists: r.lists, pool: r.pool, gmt: gmt(locale), numbers: numbers(locale), relative: relative(locale), list: lists(locale) }
  data.eras = Object.fromEntries(['short', 'long', 'narrow'].map((key) => [key, [utc(-40, 0, 1), utc(2017, 0, 1)].map((x) => r.format({ era: key }).formatToParts(x).find((p) => p.type === 'era').value)]))
  result[locale] = data
  allNames[locale] = zoneNames(locale)
}
const groups = new Map(), group = {}
for (const zone of zones) {
  const key = JSON.stringify(locales.map((l) => allNames[l][zone]))
  if (!groups.has(key)) groups.set(key, { id: groups.size, zone })
  group[zone] = groups.get(key).id
}
const lines = (o) => '{\n' + Object.entries(o).map(([k, v]) => JSON.stringify(k) + ':' + JSON.stringify(v)).join(',\n') + '\n}\n'
for (const locale of locales) {
  result[locale].zones = [...groups.values()].map((g) => allNames[locale][g.zone])
  writeFileSync(`${target}/${locale}.json.gz`, gzipSync(lines(result[locale]), { level: 9 }))
}

// Locales that exist but are not here, those that are the same as another, and when their weeks start.
const regionNames = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const regions = [...letters].flatMap((a) => [...letters].map((b) => a + b)).concat('001', '150', '419')
  .filter((x) => regionNames.of(x))
const weekOf = (tag) => { const w = new Intl.Locale(tag).getWeekInfo(); return [w.firstDay, w.minimalDays ?? 4, ...w.weekend].join(' ') } // 4 is Luxon's own
const weeks = Object.fromEntries(regions.filter((x) => x.length === 2).map((x) => [x, weekOf('und-' + x)]).filter(([, w]) => w !== weekOf('und-ZZ')))
const languages = [...new Set(locales.map((l) => l.split('-')[0]))]
const others = {}
const digests = Object.fromEntries(locales.map((l) => [digest(l), l]))
for (const language of languages) for (const region of regions) {
  const tag = `${language}-${region}`
  if (locales.includes(tag) || new Intl.DateTimeFormat(tag).resolvedOptions().locale !== tag) continue
  others[tag] = digests[digestApart(tag)] ?? ''
}
const likely = Object.fromEntries(languages.map((l) => [l, new Intl.Locale(l).maximize().region]))
const digitsOf = Object.fromEntries(Intl.supportedValuesOf('currency').map((c) => [c, new Intl.NumberFormat('en', { style: 'currency', currency: c }).resolvedOptions().maximumFractionDigits]).filter(([, d]) => d !== 2))
const proper = Object.keys(canonical).sort()
writeFileSync(`${target}/common.json.gz`, gzipSync(lines({ world: weekOf('und-ZZ'), weeks, likely, others, digits: digitsOf, zones: proper, alias: Object.fromEntries(proper.filter((n) => canonical[n] !== n).map((n) => [n, canonical[n]])), group }), { level: 9 }))
