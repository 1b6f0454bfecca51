package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/nodes/threecx/pbxsim"
)

func pbxsimCommand() *cobra.Command {
	var (
		listen, client, api string
		lifetime            time.Duration
		faults              []string
		users               int
	)
	cmd := &cobra.Command{
		Use:   "pbxsim",
		Short: "Simulate a 3CX phone system, to try workflows out without one",
		Long: "Pbxsim is a phone system of a small company behind 3CX's configuration API: it keeps state, checks every request\n" +
			"against the API's own document and says what is wrong with it. It prints one line when it listens.\n\n" +
			"Faults: 429:3,retry-after=1   503:always   drop:1,at=after   slow:200ms   top-limit:100   unauthorized-after:10   kill-token",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, secret, ok := strings.Cut(client, ":")
			if !ok || id == "" || secret == "" {
				return fmt.Errorf("--client: it must have the form ID:SECRET")
			}
			o := pbxsim.Options{Version: api, Clients: map[string]string{id: secret}, TokenLifetime: lifetime, Users: users}
			for _, text := range faults {
				f, err := pbxsim.ParseFault(text)
				if err != nil {
					return fmt.Errorf("--fault: %w", err)
				}
				o.Faults = o.Faults.Merge(f)
			}
			s := pbxsim.New(o)
			if err := s.Start(cmd.Context(), listen); err != nil {
				return fmt.Errorf("%w (--listen takes another address)", err)
			}
			defer s.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "pbxsim listens at %s (3CX API %s, client %s)\n", s.URL(), api, id)
			<-s.Done()
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:5001", "address to listen at")
	f.StringVar(&client, "client", "900:secret", "the API client, as ID:SECRET")
	f.StringVar(&api, "api", "20.0.10", "version of 3CX's API: 20.0.7 or 20.0.10")
	f.DurationVar(&lifetime, "token-lifetime", time.Hour, "how long access tokens live")
	f.IntVar(&users, "users", 0, "so many users more than the company's 25")
	f.StringArrayVar(&faults, "fault", nil, "a fault to simulate (may be repeated)")
	return cmd
}
