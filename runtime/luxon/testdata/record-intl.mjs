// Records what Intl of this Node (full ICU) answers, as intl.json: node testdata/record-intl.mjs testdata/intl.json
// A case is [function, locale, options, value or values, answer or null where it throws].
import { writeFileSync } from 'node:fs'

const locales = ['en-US', 'en-GB', 'de', 'fr', 'es', 'it', 'nl', 'pt-BR', 'pt-PT', 'en-CA', 'en-AU', 'de-AT', 'de-CH', 'fr-CA', 'fr-CH', 'es-MX', 'it-CH', 'nl-BE', 'pl', 'sv', 'da', 'nb', 'fi', 'cs', 'en-IN', 'en-ZA', 'en-IE', 'en-NZ', 'es-US', 'fr-BE', 'de-LU', 'es-AR', 'es-CL', 'es-CO']
const few = ['en-US', 'de', 'fr', 'es', 'nl', 'de-CH', 'en-IN', 'pl', 'pt-PT']
const out = []
const add = (name, locale, options, value, f) => {
  let answer = null
  try { answer = f() } catch {}
  const text = (v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : Object.is(v, -0) ? '-0' : v)
  out.push([name, locale, options, Array.isArray(value) ? value.map(text) : text(value), answer])
}
const number = (l, o, v) => add('number', l, o, v, () => new Intl.NumberFormat(l, o).format(v))

for (const l of locales) {
  for (const v of [0, 1, -1, 1234, 12345, -1234567.891, 0.1 + 0.2, 1e21, 123456789012345, 0.0005, 1.0005, NaN, Infinity, -Infinity]) number(l, {}, v)
  for (const c of ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'PLN', 'XTS']) for (const v of [1234.5, -0.5, 1]) number(l, { style: 'currency', currency: c }, v)
  for (const currencyDisplay of ['code', 'name', 'narrowSymbol']) for (const v of [1, 1234.5, -2]) number(l, { style: 'currency', currency: 'USD', currencyDisplay }, v)
  number(l, { style: 'currency', currency: 'EUR', currencySign: 'accounting' }, -5)
  for (const v of [0.256, -1, 12]) number(l, { style: 'percent' }, v)
  for (const v of [999, 1000, 1234, 9999, 12345, 999999, 1e6, 1.5e6, 123456789, 2.5e9, 1e12, 1e15, -4500, 0.123, 12.5, 1050, 99950]) for (const compactDisplay of ['short', 'long']) number(l, { notation: 'compact', compactDisplay }, v)
  for (const unit of ['kilometer', 'byte', 'celsius', 'day', 'liter', 'kilometer-per-hour', 'percent', 'megabyte']) for (const unitDisplay of ['short', 'long', 'narrow']) for (const v of [1, 1.5, 2000, -5]) number(l, { style: 'unit', unit, unitDisplay }, v)
  for (const v of [0, 1, 2, 5, 11, 12, 22, 25, 100, 1000000, 0.5, 1.5, 1.0, 2.1]) add('plural', l, {}, v, () => new Intl.PluralRules(l).select(v))
  for (const type of ['conjunction', 'disjunction', 'unit']) for (const style of ['long', 'short', 'narrow']) for (const words of [[], ['a'], ['a', 'b'], ['a', 'b', 'c', 'd'], ['x', 'iglesia'], ['x', 'hielo', 'oro']]) add('list', l, { type, style }, words, () => new Intl.ListFormat(l, { type, style }).format(words))
  for (const numeric of ['always', 'auto']) for (const style of ['long', 'short', 'narrow']) for (const unit of few.includes(l) ? ['year', 'quarters', 'month', 'weeks', 'day', 'hours', 'minute', 'seconds'] : ['year', 'weeks', 'day', 'seconds']) for (const v of few.includes(l) ? [-1, 0, -0, 1, 2, -5, 1.5, 1000] : [-1, -0, 2, 1.5]) add('relative', l, { numeric, style }, [v, unit], () => new Intl.RelativeTimeFormat(l, { numeric, style }).format(v, unit))
  for (const o of [{}, { dateStyle: 'full', timeStyle: 'long' }, { year: 'numeric', month: 'long' }, { weekday: 'long' }, { month: 'short', day: 'numeric' }, { hour: 'numeric', minute: '2-digit' }, { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }, { timeZone: 'America/New_York', timeStyle: 'full' }, { month: 'foo' }]) for (const v of [1720000000123, -1e12]) {
    add('date', l, o, v, () => new Intl.DateTimeFormat(l, { timeZone: 'Europe/Berlin', ...o }).format(v))
    add('parts', l, o, v, () => new Intl.DateTimeFormat(l, { timeZone: 'Europe/Berlin', ...o }).formatToParts(v))
  }
}
const options = [{ minimumFractionDigits: 2 }, { maximumFractionDigits: 0 }, { maximumFractionDigits: 1 }, { minimumFractionDigits: 5 }, { minimumFractionDigits: 5, maximumFractionDigits: 2 }, { minimumIntegerDigits: 5 }, { maximumSignificantDigits: 3 }, { minimumSignificantDigits: 6 }, { useGrouping: false }, { useGrouping: 'always' }, { useGrouping: 'min2' }, { useGrouping: true }, { signDisplay: 'always' }, { signDisplay: 'never' }, { signDisplay: 'exceptZero' }, { signDisplay: 'negative' }, { roundingMode: 'ceil', maximumFractionDigits: 0 }, { roundingMode: 'floor', maximumFractionDigits: 0 }, { roundingMode: 'halfEven', maximumFractionDigits: 0 }, { roundingMode: 'trunc', maximumFractionDigits: 1 }, { roundingMode: 'expand', maximumFractionDigits: 0 }, { trailingZeroDisplay: 'stripIfInteger', minimumFractionDigits: 2 }, { style: 'percent', minimumFractionDigits: 1 }, { style: 'currency' }, { style: 'currency', currency: 'EU' }, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }, { style: 'currency', currency: 'USD', signDisplay: 'always' }, { style: 'currency', currency: 'USD', currencySign: 'accounting', signDisplay: 'always' }, { style: 'unit' }, { style: 'unit', unit: 'foo' }, { style: 'foo' }, { maximumFractionDigits: -1 }, { notation: 'compact', maximumFractionDigits: 2 }, { notation: 'compact', maximumSignificantDigits: 4 }, { notation: 'scientific' }, { style: 'currency', currency: 'EUR', notation: 'compact' }, { numberingSystem: 'arab' }, { numberingSystem: 'arabext' }, { numberingSystem: 'deva' }, { style: 'percent', maximumSignificantDigits: 2 }]
for (const o of options) for (const l of few) for (const v of [0, 0.5, 1.5, -2.5, 1234.5678, -0.4, 999999.999, 5e-7]) number(l, o, v)

writeFileSync(process.argv[2], '[\n' + out.map((c) => JSON.stringify(c)).join(',\n') + '\n]\n')
