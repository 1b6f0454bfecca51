package main

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cordboard/cordboard/server"
)

func serveCommand() *cobra.Command {
	var (
		s      settings
		listen string
	)
	cmd := &cobra.Command{
		Use:   "serve FILE…",
		Short: "Answer the webhooks of workflow files",
		Long: "Serve answers the webhooks of workflow files and runs their other triggers. Runs live in memory: what is under way\n" +
			"when the program ends is lost.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := s.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			// The address is known once the server listens; WEBHOOK_URL is how n8n is told the one that callers see.
			base := strings.TrimSuffix(os.Getenv("WEBHOOK_URL"), "/")
			s.serves = true
			s.resumeURL = func(id string) string { return base + "/webhook-waiting/" + id }
			view := &progress{log: log, logging: s.logFormat != ""}
			rt, closeAll, err := s.open(cmd, view.observe)
			if err != nil {
				return err
			}
			defer closeAll()
			srv := server.New(rt, log)
			for _, file := range args {
				flow, err := rt.LoadFile(cmd.Context(), file)
				if err != nil {
					return err
				}
				printWarnings(cmd.ErrOrStderr(), flow.Problems)
				if err := srv.Add(cmd.Context(), flow); err != nil {
					return err
				}
			}
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return err
			}
			if base == "" {
				base = "http://" + l.Addr().String()
			}
			for _, address := range srv.Addresses() {
				fmt.Fprintln(cmd.ErrOrStderr(), "serving "+address)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "cordboard listens at http://%s\n", l.Addr())
			return srv.Serve(cmd.Context(), l)
		},
	}
	s.addFlags(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:5678", "address to listen at")
	return cmd
}
