package luxon

import (
	"maps"
	"slices"
)

// MethodNames returns the names of the methods of a class's objects.
func MethodNames(class string) []string {
	switch class {
	case "DateTime":
		return slices.Sorted(maps.Keys(dateMethods()))
	case "Duration":
		return slices.Sorted(maps.Keys(durationMethods()))
	case "Interval":
		return slices.Sorted(maps.Keys(intervalMethods()))
	case "IANAZone", "FixedOffsetZone", "SystemZone", "InvalidZone", "Zone":
		return []string{"equals", "formatOffset", "offset", "offsetName"}
	case "TokenParser":
		return []string{"explainFromTokens"}
	}
	return nil
}

// GetterNames returns the names of the properties of a class's objects.
func GetterNames(class string) []string {
	switch class {
	case "DateTime":
		names := append(slices.Collect(maps.Keys(dateNumbers())), slices.Collect(maps.Keys(dateTexts()))...)
		names = append(names, "isValid", "invalidReason", "invalidExplanation", "zone", "ts", "isLuxonDateTime")
		return slices.Sorted(slices.Values(names))
	case "Duration":
		return slices.Sorted(slices.Values(append(durationUnits[:len(durationUnits):len(durationUnits)],
			"isValid", "invalidReason", "invalidExplanation", "locale", "numberingSystem", "conversionAccuracy", "values", "isLuxonDuration")))
	case "Interval":
		return []string{"e", "end", "invalidExplanation", "invalidReason", "isLuxonInterval", "isValid", "lastDateTime", "s", "start"}
	case "IANAZone", "FixedOffsetZone", "SystemZone", "InvalidZone", "Zone":
		return []string{"fixed", "ianaName", "isUniversal", "isValid", "name", "type", "valid", "zoneName"}
	case "TokenParser":
		return []string{"format", "invalidReason", "isValid"}
	}
	return nil
}
