// Package proto is the plugin protocol as generated from cordboard.proto (make proto). It holds no code of its own.
package proto
