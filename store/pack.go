package store

import (
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// How an entry of a journal is written: its first byte says how the rest is.
const (
	plain   = 0
	zstdOne = 1
)

// packAbove is the size from which entries are compressed: below, it costs more time than it saves space.
const packAbove = 4096

var zstdWriter = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		panic(err) // the options are constants
	}
	return w
})

var zstdReader = sync.OnceValue(func() *zstd.Decoder {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(4<<30))
	if err != nil {
		panic(err) // the options are constants
	}
	return r
})

func pack(entry []byte) []byte {
	if len(entry) < packAbove {
		return append([]byte{plain}, entry...)
	}
	return zstdWriter().EncodeAll(entry, append(make([]byte, 0, len(entry)/4+64), zstdOne))
}

func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("an entry of the journal is empty")
	}
	switch packed[0] {
	case plain:
		return packed[1:], nil
	case zstdOne:
		entry, err := zstdReader().DecodeAll(packed[1:], nil)
		return entry, wrap("an entry of the journal is damaged", err)
	}
	return nil, fmt.Errorf("an entry of the journal is written in the form %d, which this program does not know", packed[0])
}
